package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.Map;

/** The clusters that a program works on at the same time, with the same names in each, and the backend behind them. */
final class Clusters {
    final List<Cluster> all = new ArrayList<>();
    final Cluster backend;
    /** A cluster without a gateway and without other users, to compare with. */
    final Cluster own;
    final Path dir;

    interface Body {
        void run(Cluster cluster) throws Exception;
    }

    interface Program {
        void run(Clusters clusters) throws Exception;
    }

    private Clusters(Path file) throws Exception {
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        dir = Path.of(properties.getProperty("dir"));
        Map<String, Properties> clients = new TreeMap<>();
        Properties ofBackend = new Properties();
        Properties ofOwn = new Properties();
        for (String key : properties.stringPropertyNames()) {
            if (key.startsWith("backend.")) {
                ofBackend.put(key.substring("backend.".length()), properties.getProperty(key));
            } else if (key.startsWith("own.")) {
                ofOwn.put(key.substring("own.".length()), properties.getProperty(key));
            } else if (key.startsWith("cluster.")) {
                String[] parts = key.split("\\.", 3);
                clients.computeIfAbsent(parts[1], name -> new Properties()).put(parts[2], properties.getProperty(key));
            }
        }
        clients.forEach((name, client) -> {
            String prefix = (String) client.remove("prefix");
            all.add(new Cluster(name, prefix, client));
        });
        backend = new Cluster("backend", "", ofBackend);
        own = new Cluster("own", "", ofOwn);
    }

    /** Runs a program on the clusters that the file names; the exit code says whether every check passed. */
    static void run(String file, Program program) {
        try {
            program.run(new Clusters(Path.of(file)));
        } catch (Throwable thrown) {
            Checks.broke("the program", thrown);
        }
        Checks.OUT.flush();
        // Not exit: a client that was not closed, or hangs in its close, must not hold the result back.
        Runtime.getRuntime().halt(Checks.failed() == 0 ? 0 : 1);
    }

    /** Whether there is a gateway between the clusters and the backend. */
    boolean isolated() {
        return all.stream().noneMatch(cluster -> cluster.prefix.isEmpty());
    }

    /** Runs the body on every cluster at the same time, and waits for all. */
    void each(String what, Body body) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (Cluster cluster : all) {
            Thread thread = new Thread(() -> {
                long start = System.nanoTime();
                try {
                    body.run(cluster);
                    Checks.OUT.println("DONE [" + cluster.name + "] " + what + " in " + (System.nanoTime() - start) / 1_000_000 + " ms");
                } catch (Throwable thrown) {
                    Checks.broke("[" + cluster.name + "] " + what, thrown);
                }
            }, cluster.name);
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
