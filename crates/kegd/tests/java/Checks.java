package keg;

import java.io.PrintStream;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** Prints one PASS or FAIL line for each thing that was looked at. */
final class Checks {
    /** Kept apart from System.out, which is redirected while the output of a tool is caught. */
    static final PrintStream OUT = System.out;
    private static final AtomicInteger FAILED = new AtomicInteger();

    private Checks() {
    }

    static boolean that(String what, boolean holds, Object details) {
        print(what, holds, details);
        return holds;
    }

    static boolean equal(String what, Object actual, Object expected) {
        boolean same = Objects.equals(actual, expected);
        print(what, same, same ? "" : difference(expected, actual));
        return same;
    }

    /** The call must fail, and with this class of exception (itself or as the cause). */
    static void fails(String what, Class<? extends Throwable> expected, Callable<?> call) {
        try {
            print(what, false, "expected " + expected.getSimpleName() + ", found " + shortened(call.call()));
        } catch (Throwable thrown) {
            Throwable cause = thrown;
            while (!expected.isInstance(cause) && cause.getCause() != null) {
                cause = cause.getCause();
            }
            print(what, expected.isInstance(cause), expected.isInstance(cause) ? "" : "expected " + expected.getSimpleName() + ", found " + thrown);
        }
    }

    static void broke(String what, Throwable thrown) {
        print(what, false, thrown);
        thrown.printStackTrace(OUT);
    }

    static int failed() {
        return FAILED.get();
    }

    private static synchronized void print(String what, boolean holds, Object details) {
        if (!holds) {
            FAILED.incrementAndGet();
        }
        String suffix = String.valueOf(details).isEmpty() ? "" : ": " + details;
        OUT.println((holds ? "PASS " : "FAIL ") + what + suffix);
    }

    private static String difference(Object expected, Object found) {
        if (expected instanceof List<?> some && found instanceof List<?> others) {
            for (int i = 0; i < Math.min(some.size(), others.size()); i++) {
                if (!Objects.equals(some.get(i), others.get(i))) {
                    return "expected " + shortened(some.get(i)) + " at index " + i + ", found " + shortened(others.get(i));
                }
            }
            return "expected " + some.size() + " elements, found " + others.size();
        }
        return "expected " + shortened(expected) + ", found " + shortened(found);
    }

    private static String shortened(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 600 ? text : text.substring(0, 600) + "... (" + text.length() + " characters)";
    }
}
