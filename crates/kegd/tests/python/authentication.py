"""A current librdkafka with all of its mechanisms, which the package confluent-kafka has: what they are good for, and what is refused.

Arguments: the folder of the package, the address, the file of the authority that signed the gateway's certificate, the folder of
tokens, and a name for topics and groups. One PASS or FAIL line is printed for each thing that was looked at.
"""

import base64
import json
import pathlib
import sys
import time

PACKAGE, BOOTSTRAP, CA, TOKENS, NAME = sys.argv[1:]
sys.path.insert(0, PACKAGE)

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402

PATIENCE = 60
RECORDS = 30
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
    admin.create_topics([NewTopic(topic, 1, 3)], operation_timeout=PATIENCE)[topic].result(PATIENCE)


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


def refused(what, config):
    """That the client is told that it is not who it says: that is not what it is told of a node that is down."""
    errors = []
    client = AdminClient(config | {"error_cb": errors.append})
    deadline = time.monotonic() + PATIENCE
    while not any(error.code() == KafkaError._AUTHENTICATION for error in errors) and time.monotonic() < deadline:
        try:
            client.list_topics(timeout=1)
            errors.append("it is let in")
            break
        except KafkaException:
            client.poll(0.1)
    told = [error for error in errors if not isinstance(error, str) and error.code() == KafkaError._AUTHENTICATION]
    check(what, "refused" if told else [str(error) for error in errors], "refused")


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


for mechanism in MECHANISMS:
    for user in ["ann", "bob"]:
        exchange(f"{mechanism}-{user}", by_password(mechanism, user, f"{user}-secret"))
    refused(f"[{NAME}] {mechanism}: a wrong password", by_password(mechanism, "ann", "wrong-secret"))
    refused(f"[{NAME}] {mechanism}: an unknown user", by_password(mechanism, "eve", "wrong-secret"))
exchange("OAUTHBEARER", by_token(Tokens("good-first")))
refused(f"[{NAME}] OAUTHBEARER: a token of another issuer", by_token(Tokens("bad-issuer")))
renewal()
