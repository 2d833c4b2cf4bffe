package keg;

import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.security.oauthbearer.ClientCredentialsJwtRetriever;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule;

/** A token that Kafka's own client asks for by client credentials. */
public final class TokenRequest {
    private static final String MECHANISM = "OAUTHBEARER";

    private TokenRequest() {
    }

    /** In a file: the endpoint, the file of its authority, the client's id, its secret, the scope, and whether to encode these. */
    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            List<String> asked = Files.readAllLines(clusters.dir.resolve("token-request"));
            System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", asked.get(0));
            ConfigDef definitions = new ConfigDef();
            SaslConfigs.addClientSaslSupport(definitions);
            Map<String, Object> configs = new HashMap<>(definitions.parse(Map.of(
                "sasl.oauthbearer.token.endpoint.url", asked.get(0),
                "sasl.oauthbearer.client.credentials.client.id", asked.get(2),
                "sasl.oauthbearer.client.credentials.client.secret", asked.get(3),
                "sasl.oauthbearer.scope", asked.get(4),
                "sasl.oauthbearer.header.urlencode", asked.get(5))));
            Map<String, String> options = Map.of("ssl.truststore.type", "PEM", "ssl.truststore.location", asked.get(1));
            var entry = new AppConfigurationEntry(OAuthBearerLoginModule.class.getName(), LoginModuleControlFlag.REQUIRED, options);
            try (var retriever = new ClientCredentialsJwtRetriever()) {
                retriever.configure(configs, MECHANISM, List.of(entry));
                Checks.equal("the token", retriever.retrieve(), "the-token");
            }
        });
    }
}
