package keg;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.common.utils.Exit;

/** Kafka's command line tools, run in this JVM: a JVM for each would cost a second. */
final class Tools {
    static final String ACLS = "org.apache.kafka.tools.AclCommand";
    static final String TOPICS = "org.apache.kafka.tools.TopicCommand";
    static final String CONFIGS = "kafka.admin.ConfigCommand";
    static final String GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    static final String CLUSTER = "org.apache.kafka.tools.ClusterTool";
    static final String DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand";
    static final String OFFSETS = "org.apache.kafka.tools.GetOffsetShell";

    /** Unwinds a tool that has called exit. */
    private static final class Exited extends RuntimeException {
        Exited() {
            super("exit", null, false, false);
        }
    }

    /** The first call of exit counts: some tools catch what unwinds them, report it, and exit again. */
    private static final class FirstExit implements Exit.Procedure {
        private final ByteArrayOutputStream caught;
        private String printed;
        private int code;

        FirstExit(ByteArrayOutputStream caught) {
            this.caught = caught;
        }

        @Override
        public void execute(int code, String message) {
            if (printed == null) {
                printed = caught.toString(StandardCharsets.UTF_8);
                this.code = code;
            }
            throw new Exited();
        }

        String outcome() {
            String all = printed == null ? caught.toString(StandardCharsets.UTF_8) : printed;
            return code == 0 ? all : all + "exit code " + code + "\n";
        }
    }

    /** A line of the log, which other clients write to System.err meanwhile. */
    private static final Pattern LOGGED = Pattern.compile("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} \\[.*\\R?", Pattern.MULTILINE);

    private Tools() {
    }

    /** Everything that a tool prints on both streams, and its exit code if that is not 0. One tool runs at a time. */
    static synchronized String run(String mainClass, List<String> args) throws Exception {
        ByteArrayOutputStream caught = new ByteArrayOutputStream();
        PrintStream out = System.out;
        PrintStream err = System.err;
        PrintStream both = new PrintStream(caught, true, StandardCharsets.UTF_8);
        FirstExit exit = new FirstExit(caught);
        Exit.setExitProcedure(exit);
        Exit.setHaltProcedure(exit);
        System.setOut(both);
        System.setErr(both);
        try {
            // Scala's Console keeps the stream that System.out was when it was loaded, unless it is told.
            scala.Console.withOut(both, () -> scala.Console.withErr(both, () -> {
                main(mainClass, args);
                return null;
            }));
        } catch (Exited exited) {
            // Only the end of the tool.
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        return LOGGED.matcher(exit.outcome()).replaceAll("");
    }

    private static void main(String mainClass, List<String> args) {
        try {
            Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) args.toArray(String[]::new));
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof Exited exited) {
                throw exited;
            }
            throw new IllegalStateException(mainClass + " failed", thrown.getCause());
        } catch (ReflectiveOperationException absent) {
            throw new IllegalStateException(mainClass + " can't be run", absent);
        }
    }
}
