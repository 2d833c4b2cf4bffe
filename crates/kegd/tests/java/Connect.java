package keg;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;

/** Drives a distributed Connect worker for each cluster: a file to a topic, and the topic to a file. */
public final class Connect {
    private static final List<String> INTERNAL = List.of("connect-configs", "connect-offsets", "connect-status");
    private static final int LINES = 500;

    private Connect() {
    }

    /** The second argument: the workers' REST ports, as name=port. */
    public static void main(String[] args) {
        Map<String, String> ports = new HashMap<>();
        for (String pair : args[1].split(",")) {
            ports.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
        Clusters.run(args[0], clusters -> {
            clusters.each("connect", cluster -> new Worker(cluster, clusters.dir, ports.get(cluster.name)).check());
            List<String> topics = new ArrayList<>(INTERNAL);
            topics.add("connect-lines");
            Isolation.check(clusters, topics, List.of("connect-workers", "connect-sink"));
        });
    }

    private static final class Worker {
        private final Cluster cluster;
        private final Path dir;
        private final String rest;
        private final HttpClient http = HttpClient.newHttpClient();

        Worker(Cluster cluster, Path dir, String port) {
            this.cluster = cluster;
            this.dir = dir;
            rest = "http://127.0.0.1:" + port;
        }

        void check() throws Exception {
            String who = "[" + cluster.name + "] connect: ";
            Path source = dir.resolve(cluster.name + "-source.txt");
            Path sink = dir.resolve(cluster.name + "-sink.txt");
            List<String> lines = new ArrayList<>(lines("first"));
            Files.write(source, lines);
            try (Admin admin = cluster.admin()) {
                cluster.create(admin, 1, "connect-lines");
            }

            Cluster.await("worker", () -> status("/connectors") == 200);
            connector("connect-source", "FileStreamSource", "\"file\": \"" + source + "\", \"topic\": \"connect-lines\"");
            connector("connect-sink", "FileStreamSink", "\"file\": \"" + sink + "\", \"topics\": \"connect-lines\", \"consumer.override.group.id\": \"connect-sink\"");
            awaitLines(sink, lines);
            Checks.equal(who + "the sink's file equals the source's", read(sink), lines);

            List<String> more = lines("second");
            Files.write(source, more, StandardOpenOption.APPEND);
            lines.addAll(more);
            awaitLines(sink, lines);
            Checks.equal(who + "and again after more lines", read(sink), lines);
            List<String> inTopic = cluster.readAllStrings("connect-lines", lines.size()).stream().map(ConsumerRecord::value).toList();
            Checks.equal(who + "the topic has the lines once", inTopic, lines);
            for (String connector : List.of("connect-source", "connect-sink")) {
                String state = send(request("/connectors/" + connector + "/status").GET().build()).body();
                Checks.that(who + connector + " runs", state.contains("RUNNING") && !state.contains("FAILED"), state);
            }
            restart(who, sink, source, lines);
            internalTopics(who);
        }

        /** Tasks that start again go on from the offsets kept in the internal topics. */
        private void restart(String who, Path sink, Path source, List<String> lines) throws Exception {
            for (String connector : List.of("connect-source", "connect-sink")) {
                HttpRequest restart = request("/connectors/" + connector + "/restart?includeTasks=true").POST(HttpRequest.BodyPublishers.noBody()).build();
                Checks.equal(who + "restart of " + connector, send(restart).statusCode() / 100, 2);
            }
            List<String> more = lines("third");
            Files.write(source, more, StandardOpenOption.APPEND);
            lines.addAll(more);
            awaitLines(sink, lines);
            Checks.equal(who + "nothing is copied again after a restart", read(sink), lines);
        }

        private void internalTopics(String who) throws Exception {
            try (Admin admin = cluster.admin()) {
                List<ConfigResource> resources = INTERNAL.stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
                Cluster.get(admin.describeConfigs(resources).all()).forEach((resource, config) ->
                        Checks.equal(who + resource.name() + " is compacted", config.get("cleanup.policy").value(), "compact"));
            }
        }

        private List<String> lines(String label) {
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < LINES; i++) {
                lines.add(cluster.name + " " + label + " line " + i);
            }
            return lines;
        }

        private static void awaitLines(Path file, List<String> lines) throws InterruptedException {
            Cluster.await(lines.size() + " lines in " + file, () -> {
                try {
                    return Files.exists(file) && read(file).size() >= lines.size();
                } catch (IOException halfWritten) {
                    return false;
                }
            });
        }

        private static List<String> read(Path file) throws IOException {
            return Files.readAllLines(file);
        }

        private void connector(String name, String type, String config) throws Exception {
            String body = "{\"connector.class\": \"" + type + "\", \"tasks.max\": \"1\", " + config + "}";
            HttpRequest put = request("/connectors/" + name + "/config")
                    .header("Content-Type", "application/json")
                    .PUT(HttpRequest.BodyPublishers.ofString(body))
                    .build();
            // A worker that is still joining its group answers 409.
            Cluster.await("connector " + name, () -> {
                try {
                    return send(put).statusCode() / 100 == 2;
                } catch (Exception notYet) {
                    return false;
                }
            });
        }

        private int status(String path) {
            try {
                return send(request(path).GET().build()).statusCode();
            } catch (Exception notYet) {
                return 0;
            }
        }

        private HttpRequest.Builder request(String path) {
            return HttpRequest.newBuilder(URI.create(rest + path)).timeout(Cluster.PATIENCE);
        }

        private HttpResponse<String> send(HttpRequest request) throws Exception {
            return http.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }
}
