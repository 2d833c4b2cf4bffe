package keg;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** What RE2/J, which brokers use, makes of clients' expressions and of what the gateway makes of them. */
public final class Expressions {
    private static final int LONGEST = 3;
    /** There is no topic of these names, and a matcher must not find one either. */
    private static final List<String> FOREIGN = List.of("", "b", "A", "c.", "\n", "b\na.a", "é", "zzzz", "__consumer_offsets");

    private final String characters;
    private final List<String> names;
    private int compiled;
    private int refused;
    private long verdicts;
    private long matches;

    private Expressions(String characters) {
        this.characters = characters;
        names = names(characters);
    }

    /**
     * The second argument has the characters of names. In the file of the first, each line has a prefix, a client's expression, and what it is with the prefix hidden and enforced;
     * "-" is a refusal.
     */
    public static void main(String[] args) throws Exception {
        Expressions expressions = new Expressions(args[1].translateEscapes());
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            String[] fields = line.split(" ", -1);
            String hidden = fields[2].equals("-") ? null : text(fields[2]);
            String enforced = fields[3].equals("-") ? null : text(fields[3]);
            expressions.check(text(fields[0]), text(fields[1]), hidden, enforced);
        }
        Checks.that("expressions were compared", expressions.compiled > 0 && expressions.refused > 0 && expressions.matches > 0,
                expressions.compiled + " valid, " + expressions.refused + " not, " + expressions.verdicts + " verdicts, " + expressions.matches + " matches");
        System.exit(Checks.failed() == 0 ? 0 : 1);
    }

    private void check(String prefix, String regex, String hidden, String enforced) {
        Pattern own = compile(regex);
        if (own == null || hidden == null || enforced == null) {
            refused++;
            boolean folded = regex.contains("i") && (regex.contains("\\x{") || !regex.chars().allMatch(character -> character < 128));
            if (characters.contains("\n") && hidden == null && enforced == null && folded) {
                // Over ids, the case of classes with more than ASCII isn't folded.
                return;
            }
            if (own != null || hidden != null || enforced != null) {
                Checks.that("what RE2/J refuses is refused, and nothing else: " + regex, false, own + ", " + hidden + ", " + enforced);
            }
            return;
        }
        compiled++;
        Pattern behind = compile(hidden);
        Pattern within = compile(enforced);
        if (behind == null || within == null) {
            Checks.that("the gateway's expression is valid: " + regex, false, hidden + ", " + enforced);
            return;
        }
        for (String name : names) {
            compare(prefix + name, regex, own.matches(name), hidden, behind);
            compare(prefix + name, regex, own.matches(prefix + name), enforced, within);
            if (!name.startsWith(prefix) && name.length() < LONGEST) {
                compare(name, regex, false, hidden, behind);
                compare(name, regex, false, enforced, within);
            }
        }
        for (String name : FOREIGN) {
            compare(name, regex, false, hidden, behind);
            compare(name, regex, false, enforced, within);
        }
    }

    private void compare(String name, String regex, boolean expected, String confined, Pattern pattern) {
        verdicts++;
        matches += expected ? 1 : 0;
        if (pattern.matches(name) != expected) {
            Checks.that(regex + " as " + confined, false, name + ": expected " + expected);
        }
    }

    private static Pattern compile(String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException invalid) {
            return null;
        }
    }

    private static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
    }

    /** All short names, and some longer ones. */
    private static List<String> names(String characters) {
        List<String> all = new ArrayList<>(List.of(""));
        List<String> some = new ArrayList<>();
        for (int from = 0, length = 0; length < LONGEST; length++) {
            int to = all.size();
            for (; from < to; from++) {
                for (char character : characters.toCharArray()) {
                    all.add(all.get(from) + character);
                }
            }
        }
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).length() < LONGEST || i % 7 == 0) {
                some.add(all.get(i));
            }
        }
        return some;
    }
}
