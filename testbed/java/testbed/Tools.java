package testbed;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs the main methods of Kafka's own command-line tools (and of {@link Plant}) inside one warm JVM.
 *
 * Why: a tool in its own JVM costs about a second, here some ten milliseconds, and a test run calls hundreds.
 * {@code serve PORT} listens on 127.0.0.1, one call per connection, calls run side by side:
 * the client sends the number of words and each word (length, UTF-8), then standard input until it shuts down its
 * side; the answer is frames of kind (1 output, 2 error output, 3 exit code), length, bytes.
 * {@code run FILE} runs the lines of a file one after the other, words divided by blanks, and ends.
 *
 * It deliberately does not stop a tool that was started: a tool ends by itself or with this process.
 */
public final class Tools {
    private static final int OUTPUT = 1;
    private static final int ERROR_OUTPUT = 2;
    private static final int EXIT = 3;

    /** The streams of one call; threads that a tool starts inherit them. */
    private record Call(InputStream in, OutputStream out, OutputStream err, AtomicReference<Integer> exit) {
        Call(InputStream in, OutputStream out, OutputStream err) {
            this(in, out, err, new AtomicReference<>());
        }
    }

    private static final InheritableThreadLocal<Call> CALL = new InheritableThreadLocal<>();

    /** What a tool's request to end the process becomes. An Error, so that `catch (Exception)` in a tool lets it pass. */
    private static final class Ended extends Error {
        private static final long serialVersionUID = 1;

        Ended(int code) {
            super("exit " + code, null, false, false);
        }
    }

    private Tools() {}

    public static void main(String[] args) throws Exception {
        Call own = new Call(System.in, System.out, System.err);
        // Before any class of Kafka, Scala or log4j is loaded: some of them keep the stream that they find.
        System.setIn(new CallInput(own));
        System.setOut(new PrintStream(new CallOutput(own, false), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new CallOutput(own, true), true, StandardCharsets.UTF_8));
        Exit.setExitProcedure((code, message) -> end(code));
        Exit.setHaltProcedure((code, message) -> end(code));
        Exit.setShutdownHookAdder((name, hook) -> { });
        if (args.length == 2 && args[0].equals("serve")) {
            serve(Integer.parseInt(args[1]));
        } else if (args.length == 2 && args[0].equals("run")) {
            for (String line : Files.readAllLines(Path.of(args[1]))) {
                CALL.set(new Call(new ByteArrayInputStream(new byte[0]), own.out, own.err));
                System.out.println("exit " + call(Arrays.asList(line.trim().split(" +"))) + ": " + line);
            }
            System.exit(0); // past any thread that a tool left behind
        } else {
            throw new IllegalArgumentException("serve PORT | run FILE");
        }
    }

    private static void serve(int port) throws IOException {
        try (ServerSocket server = new ServerSocket(port, 128, InetAddress.getByName("127.0.0.1"))) {
            while (true) {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                Thread thread = new Thread(() -> answer(socket));
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    private static void answer(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            List<String> words = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                words.add(new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8));
            }
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            CALL.set(new Call(in, new Frames(out, OUTPUT), new Frames(out, ERROR_OUTPUT)));
            int code = call(words);
            System.out.flush();
            System.err.flush();
            byte[] four = {(byte) (code >> 24), (byte) (code >> 16), (byte) (code >> 8), (byte) code};
            new Frames(out, EXIT).write(four, 0, 4);
        } catch (IOException gone) {
            // The caller went away: nobody is left to tell.
        }
    }

    /** The first code counts: some tools take the Error for a failure of theirs, and ask for another end. */
    private static void end(int code) {
        CALL.get().exit.compareAndSet(null, code);
        throw new Ended(code);
    }

    private static int call(List<String> words) {
        int code = run(words);
        Integer asked = CALL.get().exit.get();
        return asked == null ? code : asked;
    }

    private static int run(List<String> words) {
        try {
            Class.forName(words.get(0)).getMethod("main", String[].class)
                .invoke(null, (Object) words.subList(1, words.size()).toArray(new String[0]));
            return 0;
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof Ended)) {
                e.getCause().printStackTrace();
            }
            return 1;
        } catch (ReflectiveOperationException e) {
            e.printStackTrace();
            return 127;
        }
    }

    /** Writes each piece as a frame. */
    private static final class Frames extends OutputStream {
        private final DataOutputStream to;
        private final int kind;

        Frames(DataOutputStream to, int kind) {
            this.to = to;
            this.kind = kind;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int at, int length) throws IOException {
            synchronized (to) {
                to.writeByte(kind);
                to.writeInt(length);
                to.write(bytes, at, length);
                to.flush();
            }
        }
    }

    /** Standard input of the call that the reading thread belongs to. */
    private static final class CallInput extends InputStream {
        private final Call otherwise;

        CallInput(Call otherwise) {
            this.otherwise = otherwise;
        }

        private InputStream in() {
            Call call = CALL.get();
            return call == null ? otherwise.in : call.in;
        }

        @Override
        public int read() throws IOException {
            return in().read();
        }

        @Override
        public int read(byte[] bytes, int at, int length) throws IOException {
            return in().read(bytes, at, length);
        }
    }

    /** Standard output, or error output, of the call that the writing thread belongs to. */
    private static final class CallOutput extends OutputStream {
        private final Call otherwise;
        private final boolean err;

        CallOutput(Call otherwise, boolean err) {
            this.otherwise = otherwise;
            this.err = err;
        }

        private OutputStream out() {
            Call call = CALL.get();
            call = call == null ? otherwise : call;
            return err ? call.err : call.out;
        }

        @Override
        public void write(int b) throws IOException {
            out().write(b);
        }

        @Override
        public void write(byte[] bytes, int at, int length) throws IOException {
            out().write(bytes, at, length);
        }

        @Override
        public void flush() throws IOException {
            out().flush();
        }
    }
}
