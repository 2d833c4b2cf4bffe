package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** One Kafka node: formats its storage the first time, then runs. One JVM start does both. */
public final class Node {
    private Node() {
    }

    public static void main(String[] args) throws Exception {
        String clusterId = args[0];
        String config = args[1];
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(config))) {
            properties.load(reader);
        }
        if (!Files.exists(Path.of(properties.getProperty("log.dirs"), "meta.properties"))) {
            int code = kafka.tools.StorageTool.execute(new String[] {"format", "-t", clusterId, "-c", config}, System.out);
            if (code != 0) {
                System.exit(code);
            }
        }
        kafka.Kafka.main(new String[] {config});
    }
}
