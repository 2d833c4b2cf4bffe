import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.NullableSchema;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;

/**
 * Prints what Kafka's own code answers to failed requests, one line for each api key, version, sample request and error.
 *
 * The sample requests are built from Kafka's schemas: `full` has two elements in every array and a different value in
 * every field; `empty` has null where the version allows it, and no elements elsewhere.
 *
 * With the jars of kafka-clients and its dependencies in LIBS, of the release that the schema tables are made from:
 * `java -cp "LIBS/*" ErrorReplies.java > ../golden/error_replies.csv`.
 */
public final class ErrorReplies {
    private static final String MESSAGE = "refused";
    private static final List<ApiException> ERRORS =
        List.of(new PolicyViolationException(MESSAGE), new UnsupportedVersionException(MESSAGE));

    public static void main(String[] args) {
        System.out.println("api_key,version,sample,error,request,response");
        for (ApiKeys api : ApiKeys.brokerApis()) {
            for (short version : api.allVersions()) {
                for (boolean full : new boolean[] {true, false}) {
                    byte[] body = new Sample(full).of(api.messageType.requestSchemas()[version]);
                    for (ApiException error : ERRORS) {
                        System.out.printf("%d,%d,%s,%d,%s,%s%n", api.id, version, full ? "full" : "empty",
                            Errors.forException(error).code(), hex(body), response(api, version, body, error));
                    }
                }
            }
        }
    }

    private static String response(ApiKeys api, short version, byte[] body, ApiException error) {
        ByteBufferAccessor readable = new ByteBufferAccessor(ByteBuffer.wrap(body));
        AbstractRequest request = AbstractRequest.parseRequest(api, version, readable).request;
        if (readable.remaining() > 0) {
            throw new IllegalStateException(api + " " + version + " leaves " + readable.remaining() + " bytes");
        }
        try {
            AbstractResponse response = request.getErrorResponse(0, error);
            if (response == null) {
                return "none";
            }
            ByteBufferAccessor out = new ByteBufferAccessor(ByteBuffer.allocate(1 << 16));
            ObjectSerializationCache cache = new ObjectSerializationCache();
            response.data().size(cache, version);
            response.data().write(out, cache, version);
            ByteBuffer written = out.buffer();
            written.flip();
            byte[] bytes = new byte[written.remaining()];
            written.get(bytes);
            return hex(bytes);
        } catch (RuntimeException failure) {
            return "throws " + failure.getClass().getSimpleName();
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static final class Sample {
        private final boolean full;
        private int next = 1;

        Sample(boolean full) {
            this.full = full;
        }

        byte[] of(Schema schema) {
            ByteBuffer out = ByteBuffer.allocate(1 << 16);
            write(out, "", schema);
            return taken(out);
        }

        private void write(ByteBuffer out, String name, Type type) {
            if (type.isArray()) {
                array(out, name, type);
            } else if (type instanceof NullableSchema && !full) {
                out.put((byte) -1);
            } else if (type instanceof Schema schema) {
                if (type instanceof NullableSchema) {
                    out.put((byte) 1);
                }
                for (BoundField field : schema.fields()) {
                    write(out, field.def.name, field.def.type);
                }
            } else if (type instanceof TaggedFields tagged) {
                tags(out, tagged);
            } else {
                scalar(out, name, type);
            }
        }

        private void array(ByteBuffer out, String name, Type type) {
            Type element = type.arrayElementType().orElseThrow();
            int count = full ? 2 : type.isNullable() ? -1 : 0;
            if (type instanceof CompactArrayOf) {
                varint(count + 1, out);
            } else {
                out.putInt(count);
            }
            for (int i = 0; i < count; i++) {
                write(out, name, element);
            }
        }

        private void tags(ByteBuffer out, TaggedFields tagged) {
            Map<Integer, Field> fields = full ? new TreeMap<>(tagged.fields()) : Map.of();
            varint(fields.size(), out);
            fields.forEach((tag, field) -> {
                ByteBuffer payload = ByteBuffer.allocate(1 << 12);
                write(payload, field.name, field.type);
                byte[] bytes = taken(payload);
                varint(tag, out);
                varint(bytes.length, out);
                out.put(bytes);
            });
        }

        private void scalar(ByteBuffer out, String name, Type type) {
            int number = next++;
            boolean isNull = !full && type.isNullable();
            switch (type.toString()) {
                case "BOOLEAN" -> type.write(out, full);
                // Resource types, pattern types, operations and permissions all have a 3.
                case "INT8" -> type.write(out, (byte) 3);
                case "INT16" -> type.write(out, (short) number);
                case "UINT16" -> type.write(out, number);
                case "INT32" -> type.write(out, number);
                case "UINT32" -> type.write(out, (long) number);
                case "INT64" -> type.write(out, (long) number);
                case "FLOAT64" -> type.write(out, (double) number);
                case "UUID" -> type.write(out, new Uuid(number, number));
                case "STRING", "COMPACT_STRING", "NULLABLE_STRING", "COMPACT_NULLABLE_STRING" ->
                    type.write(out, isNull ? null : full ? name + number : "");
                case "BYTES", "COMPACT_BYTES", "NULLABLE_BYTES", "COMPACT_NULLABLE_BYTES" ->
                    type.write(out, isNull ? null : ByteBuffer.wrap(new byte[] {(byte) number}));
                case "RECORDS", "NULLABLE_RECORDS" -> {
                    out.putInt(1);
                    out.put((byte) number);
                }
                case "COMPACT_RECORDS", "COMPACT_NULLABLE_RECORDS" -> {
                    varint(2, out);
                    out.put((byte) number);
                }
                default -> throw new IllegalStateException(name + " has the unknown type " + type);
            }
        }

        private static void varint(int value, ByteBuffer out) {
            while (value >= 0x80) {
                out.put((byte) (value | 0x80));
                value >>>= 7;
            }
            out.put((byte) value);
        }

        private static byte[] taken(ByteBuffer buffer) {
            buffer.flip();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        }
    }
}
