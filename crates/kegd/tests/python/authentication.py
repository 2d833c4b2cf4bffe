"""A current librdkafka with all of its mechanisms, which the package confluent-kafka has: what they are good for, and what is refused.

Arguments: the folder of the package, the address, the file of the authority that signed the gateway's certificate, the folder of
tokens, a name for topics and groups, and what to check. Behind that, if brokers decide on clients: their addresses with SASL,
the file of the authority that signed their certificates, and their addresses without either. One PASS or FAIL line is printed for
each thing that was looked at.
"""

import base64
import json
import pathlib
import sys
import time

PACKAGE, BOOTSTRAP, CA, TOKENS, NAME, WHAT = sys.argv[1:7]
BROKERS = sys.argv[7:]
sys.path.insert(0, PACKAGE)

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import (  # noqa: E402
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

PATIENCE = 60
RECORDS = 30
# Longer than four sessions of three seconds, with which no connection is there any more that wasn't renewed.
SESSIONS = 13
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def check(what, found, expected):
    passed = found == expected
    print(f"PASS {what}" if passed else f"FAIL {what}: expected {expected!r}, found {found!r}", flush=True)


def settings(mechanism, **more):
    given = {
        "bootstrap.servers": BOOTSTRAP,
        "broker.address.family": "v4",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": CA,
        "sasl.mechanism": mechanism,
    }
    given.update({name.replace("_", "."): value for name, value in more.items()})
    return given


def by_password(mechanism, user, password):
    return settings(mechanism, sasl_username=user, sasl_password=password)


class Tokens:
    """What is in a file, for as long as that is good."""

    def __init__(self, name):
        self.file = pathlib.Path(TOKENS, name)
        self.asked = 0

    def give(self, _):
        self.asked += 1
        token = self.file.read_text()
        claims = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return token, float(claims["exp"])


def by_token(tokens):
    # The callback keeps its name.
    return settings("OAUTHBEARER") | {"oauth_cb": tokens.give}


def create(config, topic):
    admin = AdminClient(config)
    admin.poll(0)
    admin.create_topics([NewTopic(topic, 1)], operation_timeout=PATIENCE)[topic].result(PATIENCE)


def produce(config, topic, values):
    """Sends each when the one before is there. Nothing is sent twice."""
    failures = []
    producer = Producer(config | {"enable.idempotence": False, "retries": 0, "linger.ms": 0})
    count = 0
    for value in values:
        producer.produce(topic, value, partition=0, on_delivery=lambda error, _: error and failures.append(str(error)))
        producer.flush(PATIENCE)
        count += 1
    return count, failures


def consume(config, topic, count):
    consumer = Consumer(config | {"group.id": f"{topic}-readers", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(message.value().decode())
    consumer.close()
    return found


def reason(config):
    """Why the client is told that it is not who it says: that is not what it is told of a node that is down."""
    errors = []
    client = AdminClient(config | {"error_cb": errors.append})
    told = []
    deadline = time.monotonic() + PATIENCE
    while not told and time.monotonic() < deadline:
        try:
            client.list_topics(timeout=1)
            return None
        except KafkaException:
            client.poll(0.1)
        told = [error.str() for error in errors if error.code() == KafkaError._AUTHENTICATION]
    # Before that is the node's address, and behind it, how long it took.
    return told[0].split(": ", 1)[-1].split(" (after")[0] if told else f"not refused: {[str(it) for it in errors]}"


def refused(what, config):
    found = reason(config)
    check(what, "refused" if found and not found.startswith("not refused") else found, "refused")


def refused_as_by_brokers(what, config):
    """In the brokers' own words."""
    bootstrap, authority, _ = BROKERS
    expected = reason(config | {"bootstrap.servers": bootstrap, "ssl.ca.location": authority})
    check(f"{what}: brokers refuse it", expected is not None and "uthentication" in expected, True)
    check(f"{what}: {expected}", reason(config), expected)


def exchange(who, config):
    topic = f"{NAME}-{who.lower()}"
    create(config, topic)
    values = [f"{who} {i}" for i in range(RECORDS)]
    check(f"[{NAME}] {who}: records are written", produce(config, topic, values), (RECORDS, []))
    check(f"[{NAME}] {who}: and read", consume(config, topic, RECORDS), values)


def renewal():
    """Tokens end every few seconds while records are written."""
    tokens = Tokens("good-short")
    topic = f"{NAME}-renewed"
    create(by_token(Tokens("good-short")), topic)
    sent = []

    def values():
        deadline = time.monotonic() + PATIENCE
        while tokens.asked < 4 and time.monotonic() < deadline:
            sent.append(f"record {len(sent)}")
            yield sent[-1]

    check(f"[{NAME}] renewed tokens: records are written", produce(by_token(tokens), topic, values()), (len(sent), []))
    check(f"[{NAME}] renewed tokens: the callback is asked again", tokens.asked >= 4, True)
    check(f"[{NAME}] renewed tokens: and read", consume(by_token(Tokens("good-short")), topic, len(sent)), sent)


class Lasting:
    """A producer that sends nothing twice, and a consumer that reads it, by connections that stay."""

    def __init__(self, who, config):
        self.who = f"[{NAME}] {who}: "
        self.topic = f"{NAME}-lasting-{who.lower()}"
        create(config, self.topic)
        self.closed = {}
        self.failures = []
        self.sent = []
        self.found = []
        once = {"enable.idempotence": False, "retries": 0, "linger.ms": 0}
        self.producer = Producer(config | once | self.counting("producer"))
        reading = {"group.id": f"{self.topic}-readers", "auto.offset.reset": "earliest"}
        self.consumer = Consumer(config | reading | self.counting("consumer"))
        self.consumer.assign([TopicPartition(self.topic, 0, 0)])

    def counting(self, name):
        def count(text):
            brokers = json.loads(text)["brokers"].values()
            self.closed[name] = sum(broker["disconnects"] for broker in brokers)

        return {"statistics.interval.ms": 200, "stats_cb": count}

    def step(self):
        self.sent.append(f"record {len(self.sent)}")
        told = lambda error, _: error and self.failures.append(str(error))  # noqa: E731
        self.producer.produce(self.topic, self.sent[-1], partition=0, on_delivery=told)
        self.producer.flush(PATIENCE)
        self.poll(0.02)

    def poll(self, seconds):
        message = self.consumer.poll(seconds)
        if message is not None and message.error() is None:
            self.found.append(message.value().decode())

    def finish(self):
        deadline = time.monotonic() + PATIENCE
        while len(self.found) < len(self.sent) and time.monotonic() < deadline:
            self.poll(0.2)
        self.producer.poll(0.5)
        self.consumer.close()
        check(self.who + "records that were not written", self.failures, [])
        check(self.who + "what is read over several sessions", self.found, self.sent)
        check(self.who + "connections that were closed", self.closed, {"producer": 0, "consumer": 0})


def lasting(configs):
    clients = [Lasting(who, config) for who, config in configs.items()]
    deadline = time.monotonic() + SESSIONS
    while time.monotonic() < deadline:
        for client in clients:
            client.step()
    for client in clients:
        client.finish()


def make_users():
    """Bob, by SCRAM, whom the brokers know."""
    admin = AdminClient({"bootstrap.servers": BROKERS[2], "broker.address.family": "v4"})
    mechanisms = {"sha256": ScramMechanism.SCRAM_SHA_256, "sha512": ScramMechanism.SCRAM_SHA_512}
    for name, mechanism in mechanisms.items():
        made = UserScramCredentialUpsertion("bob", ScramCredentialInfo(mechanism, 4096), f"{name}-secret".encode())
        # Brokers take one change of a user at a time.
        admin.alter_user_scram_credentials([made])["bob"].result(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            known = admin.describe_user_scram_credentials(["bob"])["bob"].result(PATIENCE)
            if len(known.scram_credential_infos) == len(mechanisms):
                return
        except KafkaException:
            pass  # It isn't known yet.


def terminated():
    for mechanism in MECHANISMS:
        for user in ["ann", "bob"]:
            exchange(f"{mechanism}-{user}", by_password(mechanism, user, f"{user}-secret"))
        refused(f"[{NAME}] {mechanism}: a wrong password", by_password(mechanism, "ann", "wrong-secret"))
        refused(f"[{NAME}] {mechanism}: an unknown user", by_password(mechanism, "eve", "wrong-secret"))
    exchange("OAUTHBEARER", by_token(Tokens("good-first")))
    refused(f"[{NAME}] OAUTHBEARER: a token of another issuer", by_token(Tokens("bad-issuer")))
    renewal()


def renewed():
    """A gateway that ends sessions after three seconds."""
    configs = {mechanism: by_password(mechanism, "ann", "ann-secret") for mechanism in MECHANISMS}
    lasting(configs | {"OAUTHBEARER": by_token(Tokens("good-first"))})


def passed():
    """Brokers that know the users, and end sessions after three seconds."""
    make_users()
    users = {"PLAIN": ("keg", "gateway's"), "SCRAM-SHA-256": ("bob", "sha256-secret"), "SCRAM-SHA-512": ("bob", "sha512-secret")}
    configs = {mechanism: by_password(mechanism, *user) for mechanism, user in users.items()}
    configs["OAUTHBEARER"] = by_token(Tokens("good-first"))
    for who, config in configs.items():
        exchange(who, config)
    lasting(configs)
    renewal()
    for mechanism, (user, _) in users.items():
        refused_as_by_brokers(f"[{NAME}] {mechanism}: a wrong password", by_password(mechanism, user, "wrong-secret"))
        refused_as_by_brokers(f"[{NAME}] {mechanism}: an unknown user", by_password(mechanism, "eve", "wrong-secret"))
    refused_as_by_brokers(f"[{NAME}] OAUTHBEARER: a token for somebody else", by_token(Tokens("bad-audience")))


def forwarded():
    """Brokers that check tokens once more, and end sessions after three seconds."""
    exchange("OAUTHBEARER", by_token(Tokens("good-first")))
    lasting({"OAUTHBEARER": by_token(Tokens("good-first"))})
    renewal()
    refused_as_by_brokers(f"[{NAME}] OAUTHBEARER: a token that is good to the gateway alone", by_token(Tokens("bad-audience")))
    refused(f"[{NAME}] OAUTHBEARER: a token that is good to nobody", by_token(Tokens("bad-signature")))


{"terminated": terminated, "renewed": renewed, "passed": passed, "forwarded": forwarded}[WHAT]()
