package keg;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import org.apache.kafka.common.security.ssl.SslPrincipalMapper;

/** What Kafka's brokers make of the names of certificates, by their own class. */
public final class CertificateNames {
    private CertificateNames() {
    }

    /** In each line of the file: a certificate, rules, the name and what becomes of it, or nothing where no rule is for it. */
    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            int compared = 0;
            for (String line : Files.readAllLines(clusters.dir.resolve("names"))) {
                String[] parts = line.split(" ", -1);
                var certificate = (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(Base64.getDecoder().decode(parts[0])));
                String name = certificate.getSubjectX500Principal().getName();
                String rules = text(parts[1]);
                String found = "=" + name + " " + mapped(rules, name);
                String gateways = text(parts[2]) + " " + text(parts[3]);
                if (!found.equals(gateways)) {
                    Checks.equal(rules + " of " + name, gateways, found);
                }
                compared++;
            }
            Checks.that("names are compared", compared >= 300, compared);
        });
    }

    private static String mapped(String rules, String name) {
        try {
            return "=" + SslPrincipalMapper.fromRules(rules).getName(name);
        } catch (Exception noRule) {
            return "";
        }
    }

    private static String text(String encoded) {
        return new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    }
}
