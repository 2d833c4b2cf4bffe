package keg;

import org.apache.kafka.common.security.auth.AuthenticationContext;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.KafkaPrincipalBuilder;
import org.apache.kafka.common.security.auth.KafkaPrincipalSerde;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;

/** Whoever comes in by the listener {@code SSL} is {@code User:client}, without proving anything; all others are anonymous. */
public final class PrincipalByListener implements KafkaPrincipalBuilder, KafkaPrincipalSerde {
    private static final String LISTENER = "SSL";

    /** Brokers tell the controller whose a request is. */
    private final DefaultKafkaPrincipalBuilder serde = new DefaultKafkaPrincipalBuilder(null, null);

    @Override
    public KafkaPrincipal build(AuthenticationContext context) {
        return LISTENER.equals(context.listenerName()) ? new KafkaPrincipal(KafkaPrincipal.USER_TYPE, "client") : KafkaPrincipal.ANONYMOUS;
    }

    @Override
    public byte[] serialize(KafkaPrincipal principal) {
        return serde.serialize(principal);
    }

    @Override
    public KafkaPrincipal deserialize(byte[] bytes) {
        return serde.deserialize(bytes);
    }
}
