package keg;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ShareFetchRequestData;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchPartition;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchPartitionCollection;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchTopic;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchTopicCollection;
import org.apache.kafka.common.message.ShareFetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Share sessions, which hold topics that later requests don't name, with the id of another cluster's topic. */
final class ShareSessions {
    private ShareSessions() {
    }

    static void check(Clusters clusters, String topic) throws Exception {
        Map<String, Uuid> ids = new HashMap<>();
        for (Cluster cluster : clusters.all) {
            try (Admin admin = cluster.admin()) {
                ids.put(cluster.name, Cluster.get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).topicId());
            }
        }
        for (Cluster cluster : clusters.all) {
            for (Cluster other : clusters.all) {
                if (cluster != other) {
                    check(cluster, ids.get(cluster.name), ids.get(other.name));
                }
            }
        }
    }

    private static void check(Cluster cluster, Uuid own, Uuid foreign) throws Exception {
        String who = "[" + cluster.name + "] share session: ";
        String member = Uuid.randomUuid().toString();
        try (Raw raw = new Raw(cluster)) {
            ShareFetchResponseData first = fetch(raw, member, 0, own, foreign);
            Checks.equal(who + "begun with a foreign topic", Errors.forCode(first.errorCode()), Errors.NONE);
            Checks.equal(who + "the foreign topic", errors(first).get(foreign), List.of(Errors.UNKNOWN_TOPIC_ID));
            Checks.equal(who + "the next request", Errors.forCode(fetch(raw, member, 1).errorCode()), Errors.SHARE_SESSION_NOT_FOUND);

            Checks.equal(who + "begun anew", Errors.forCode(fetch(raw, member, 0, own).errorCode()), Errors.NONE);
            Checks.equal(who + "it goes on", Errors.forCode(fetch(raw, member, 1).errorCode()), Errors.NONE);
            ShareFetchResponseData added = fetch(raw, member, 2, foreign);
            Checks.equal(who + "adding a foreign topic", errors(added).get(foreign), List.of(Errors.UNKNOWN_TOPIC_ID));
            Checks.equal(who + "the request after it", Errors.forCode(fetch(raw, member, 3).errorCode()), Errors.SHARE_SESSION_NOT_FOUND);
            Checks.equal(who + "the node has counted on", Errors.forCode(fetch(raw, member, 3).errorCode()), Errors.NONE);
            Checks.equal(who + "its end", Errors.forCode(fetch(raw, member, -1).errorCode()), Errors.NONE);
        }
    }

    private static ShareFetchResponseData fetch(Raw raw, String member, int epoch, Uuid... topics) throws Exception {
        FetchTopicCollection asked = new FetchTopicCollection();
        for (Uuid topic : topics) {
            FetchPartitionCollection partitions = new FetchPartitionCollection();
            partitions.add(new FetchPartition().setPartitionIndex(0));
            asked.add(new FetchTopic().setTopicId(topic).setPartitions(partitions));
        }
        return (ShareFetchResponseData) raw.exchange(ApiKeys.SHARE_FETCH, 1, new ShareFetchRequestData()
                .setGroupId("raw-sharers").setMemberId(member).setShareSessionEpoch(epoch).setMaxWaitMs(10).setMaxBytes(1_000_000).setMaxRecords(10).setBatchSize(10).setTopics(asked));
    }

    private static Map<Uuid, List<Errors>> errors(ShareFetchResponseData response) {
        return response.responses().stream().collect(Collectors.toMap(topic -> topic.topicId(), topic -> topic.partitions().stream().map(partition -> Errors.forCode(partition.errorCode())).toList()));
    }
}
