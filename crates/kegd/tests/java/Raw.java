package keg;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;

/** A connection to a node of a cluster, for requests that Kafka's own clients don't send. */
final class Raw implements AutoCloseable {
    private final Socket socket;

    Raw(Cluster cluster) throws IOException {
        String[] address = cluster.bootstrap().split(",")[0].split(":");
        socket = new Socket(address[0], Integer.parseInt(address[1]));
        socket.setSoTimeout((int) Cluster.PATIENCE.toMillis());
    }

    /** The response on a connection of its own; null if that is closed instead. */
    static ApiMessage exchange(Cluster cluster, ApiKeys api, int version, ApiMessage request) throws IOException {
        try (Raw raw = new Raw(cluster)) {
            return raw.exchange(api, version, request);
        }
    }

    /** The frame that answers a frame on a connection of its own, both without their lengths; null if that is closed instead. */
    static byte[] exchange(Cluster cluster, byte[] frame) throws IOException {
        try (Raw raw = new Raw(cluster)) {
            return raw.exchange(frame);
        }
    }

    ApiMessage exchange(ApiKeys api, int version, ApiMessage request) throws IOException {
        RequestHeader header = new RequestHeader(api, (short) version, "raw", 7);
        ByteBuffer frame = RequestUtils.serialize(header.data(), header.headerVersion(), request, (short) version);
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        byte[] answer = exchange(bytes);
        return answer == null ? null : AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header).data();
    }

    private byte[] exchange(byte[] frame) throws IOException {
        try {
            byte[] bytes = ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array();
            socket.getOutputStream().write(bytes);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            return in.readNBytes(in.readInt());
        } catch (EOFException | SocketException closed) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
