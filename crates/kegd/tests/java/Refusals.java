package keg;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AlterShareGroupOffsetsRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteShareGroupOffsetsRequestData;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.ShareAcknowledgeRequestData;
import org.apache.kafka.common.message.ShareFetchRequestData;
import org.apache.kafka.common.message.ShareGroupDescribeRequestData;
import org.apache.kafka.common.message.ShareGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupDescribeRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** Requests that are wrong or unknown get of a virtual cluster what they get of Kafka. */
public final class Refusals {
    private static final Pattern CODE = Pattern.compile("[eE]rrorCode=(-?\\d+)");

    private Refusals() {
    }

    private record Odd(String what, ApiKeys api, int version, ApiMessage request) {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            awaitShareCoordinators(clusters.backend);
            clusters.each("share coordinators", Refusals::awaitShareCoordinators);
            for (Odd odd : odd()) {
                ApiMessage expected = Raw.exchange(clusters.backend, odd.api, odd.version, odd.request);
                for (Cluster cluster : clusters.all) {
                    ApiMessage found = Raw.exchange(cluster, odd.api, odd.version, odd.request);
                    Checks.equal("[" + cluster.name + "] " + odd.what + ": " + odd.api + " v" + odd.version, codes(found), codes(expected));
                }
            }
            for (Cluster cluster : clusters.all) {
                everyVersion(cluster, clusters.backend);
                unknown(cluster, clusters.backend);
            }
        });
    }

    /** Whatever Kafka says that it serves is answered: what is refused is refused in its own form. */
    private static void everyVersion(Cluster cluster, Cluster backend) throws Exception {
        var advertised = (ApiVersionsResponseData) Raw.exchange(backend, ApiKeys.API_VERSIONS, 4, new ApiVersionsRequestData().setClientSoftwareName("raw").setClientSoftwareVersion("1"));
        var served = (ApiVersionsResponseData) Raw.exchange(cluster, ApiKeys.API_VERSIONS, 4, new ApiVersionsRequestData().setClientSoftwareName("raw").setClientSoftwareVersion("1"));
        Set<String> refused = new TreeSet<>();
        int answered = 0;
        for (var range : advertised.apiKeys()) {
            ApiKeys api = ApiKeys.forId(range.apiKey());
            // Kafka advertises versions of Produce that it refuses, for librdkafka's sake.
            int first = api == ApiKeys.PRODUCE ? 3 : range.minVersion();
            for (int version = first; version <= range.maxVersion(); version++) {
                ApiMessage request = ApiMessageType.fromApiKey(api.id).newRequest();
                // To these, as they are by default, Kafka gives no answer.
                if (request instanceof ProduceRequestData produce) {
                    produce.setAcks((short) 1);
                } else if (request instanceof AddPartitionsToTxnRequestData add && version >= 4) {
                    add.transactions().add(new AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction().setTransactionalId("x"));
                } else if (request instanceof DescribeAclsRequestData acls) {
                    // Everything.
                    acls.setResourceTypeFilter((byte) 1).setPatternTypeFilter((byte) 1).setOperation((byte) 1).setPermissionType((byte) 1);
                }
                ApiMessage found;
                try {
                    found = Raw.exchange(cluster, api, version, request);
                } catch (UnsupportedVersionException impossible) {
                    // A request of defaults isn't one of this version.
                    continue;
                }
                Checks.that("[" + cluster.name + "] an answer to " + api + " v" + version, found != null, "");
                answered++;
                ApiVersionsResponseData.ApiVersion own = served.apiKeys().find(api.id);
                if (own == null && found != null && codes(found).contains("35")) {
                    refused.add(api.name());
                }
            }
        }
        Checks.that("[" + cluster.name + "] most versions were asked for", answered > 250, answered + " versions");
        if (!cluster.prefix.isEmpty()) {
            Checks.that("[" + cluster.name + "] what isn't a tenant's is refused as unsupported", refused.containsAll(Set.of("DESCRIBE_CLIENT_QUOTAS", "DESCRIBE_USER_SCRAM_CREDENTIALS", "CREATE_DELEGATION_TOKEN", "DESCRIBE_QUORUM", "UNREGISTER_BROKER", "UPDATE_FEATURES")), refused);
        }
    }

    private static void unknown(Cluster cluster, Cluster backend) throws Exception {
        String who = "[" + cluster.name + "] ";
        for (int api : List.of(999, -1)) {
            byte[] frame = ByteBuffer.allocate(10).putShort((short) api).putShort((short) 0).putInt(7).putShort((short) -1).array();
            Checks.that(who + "Kafka closes on API " + api, Raw.exchange(backend, frame) == null, "");
            Checks.that(who + "the connection is closed on API " + api, Raw.exchange(cluster, frame) == null, "");
        }
        MetadataRequestData tagged = new MetadataRequestData().setTopics(null);
        tagged.unknownTaggedFields().add(new RawTaggedField(77, new byte[] {1, 2, 3}));
        Checks.that(who + "Kafka answers a request with a tagged field that it doesn't know", Raw.exchange(backend, ApiKeys.METADATA, 12, tagged) != null, "");
        Checks.that(who + "a request with an unknown tagged field is answered", Raw.exchange(cluster, ApiKeys.METADATA, 12, tagged) != null, "");
    }

    /** The first question has the topic made in which share coordinators keep their state, and its leaders elected. */
    private static void awaitShareCoordinators(Cluster cluster) throws Exception {
        List<String> keys = Stream.generate(() -> "group:" + Uuid.randomUuid() + ":0").limit(500).toList();
        FindCoordinatorRequestData request = new FindCoordinatorRequestData().setKeyType((byte) 2).setCoordinatorKeys(keys);
        Cluster.await("share coordinators", () -> {
            try {
                return Set.copyOf(codes(Raw.exchange(cluster, ApiKeys.FIND_COORDINATOR, 6, request))).equals(Set.of("0"));
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
        });
    }

    /** All error codes of a response. */
    private static List<String> codes(ApiMessage response) {
        if (response == null) {
            return List.of("closed");
        }
        List<String> codes = new ArrayList<>();
        Matcher matcher = CODE.matcher(response.toString());
        while (matcher.find()) {
            codes.add(matcher.group(1));
        }
        // What is denied stands behind what was asked of Kafka.
        codes.sort(null);
        return codes;
    }

    private static List<Odd> odd() {
        List<Odd> odd = new ArrayList<>();
        String id = Uuid.randomUuid().toString();
        for (int version : List.of(1, 2, 3, 4, 5, 6)) {
            for (int type : List.of(2, 3, 127, -1)) {
                for (String key : List.of("group:" + id + ":0", "a:b:" + id + ":1", "group:" + id + ":0::", "group", "", ":" + id + ":0", " :" + id + ":0", "group:" + id + ":x", "group:id:0", "group:" + id + "==:0")) {
                    FindCoordinatorRequestData request = new FindCoordinatorRequestData().setKeyType((byte) type);
                    odd.add(new Odd("type " + type + " of '" + key + "'", ApiKeys.FIND_COORDINATOR, version, version < 4 ? request.setKey(key) : request.setCoordinatorKeys(List.of(key, key))));
                }
            }
        }
        for (String group : List.of("", " ")) {
            String what = "group '" + group + "'";
            String member = Uuid.randomUuid().toString();
            odd.add(new Odd(what, ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1, new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setRebalanceTimeoutMs(1000).setSubscribedTopicNames(List.of("x")).setTopicPartitions(List.of())));
            odd.add(new Odd(what, ApiKeys.SHARE_GROUP_HEARTBEAT, 1, new ShareGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setSubscribedTopicNames(List.of("x"))));
            odd.add(new Odd(what, ApiKeys.STREAMS_GROUP_HEARTBEAT, 0, new StreamsGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setTopology(new StreamsGroupHeartbeatRequestData.Topology())));
        }
        odd.add(new Odd("empty group", ApiKeys.CONSUMER_GROUP_DESCRIBE, 1, new ConsumerGroupDescribeRequestData().setGroupIds(List.of(""))));
        odd.add(new Odd("empty group", ApiKeys.SHARE_GROUP_DESCRIBE, 1, new ShareGroupDescribeRequestData().setGroupIds(List.of(""))));
        odd.add(new Odd("empty group", ApiKeys.STREAMS_GROUP_DESCRIBE, 0, new StreamsGroupDescribeRequestData().setGroupIds(List.of(""))));
        odd.add(new Odd("empty group", ApiKeys.ALTER_SHARE_GROUP_OFFSETS, 0, new AlterShareGroupOffsetsRequestData().setGroupId("")));
        odd.add(new Odd("empty group", ApiKeys.DELETE_SHARE_GROUP_OFFSETS, 0, new DeleteShareGroupOffsetsRequestData().setGroupId("")));
        for (String group : new String[] {null, ""}) {
            for (String member : new String[] {null, "", "member"}) {
                for (int epoch : List.of(0, 1, -1)) {
                    String what = "group " + group + ", member " + member + ", epoch " + epoch;
                    odd.add(new Odd(what, ApiKeys.SHARE_FETCH, 1, new ShareFetchRequestData().setGroupId(group).setMemberId(member).setShareSessionEpoch(epoch)));
                    odd.add(new Odd(what, ApiKeys.SHARE_ACKNOWLEDGE, 1, new ShareAcknowledgeRequestData().setGroupId(group).setMemberId(member).setShareSessionEpoch(epoch)));
                }
            }
        }
        for (int type : List.of(0, 1, 3, 99, -1)) {
            for (int version : List.of(1, 4)) {
                var resources = List.of(
                        new DescribeConfigsRequestData.DescribeConfigsResource().setResourceType((byte) type).setResourceName("x"),
                        new DescribeConfigsRequestData.DescribeConfigsResource().setResourceType((byte) 2).setResourceName("absent"));
                odd.add(new Odd("type " + type, ApiKeys.DESCRIBE_CONFIGS, version, new DescribeConfigsRequestData().setResources(resources)));
            }
            var altered = new IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection();
            altered.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource().setResourceType((byte) type).setResourceName("x"));
            altered.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource().setResourceType((byte) 2).setResourceName("absent"));
            odd.add(new Odd("type " + type, ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, new IncrementalAlterConfigsRequestData().setResources(altered)));
            var replaced = new AlterConfigsRequestData.AlterConfigsResourceCollection();
            replaced.add(new AlterConfigsRequestData.AlterConfigsResource().setResourceType((byte) type).setResourceName("x"));
            replaced.add(new AlterConfigsRequestData.AlterConfigsResource().setResourceType((byte) 2).setResourceName("absent"));
            odd.add(new Odd("type " + type, ApiKeys.ALTER_CONFIGS, 2, new AlterConfigsRequestData().setResources(replaced)));
        }
        return odd;
    }
}
