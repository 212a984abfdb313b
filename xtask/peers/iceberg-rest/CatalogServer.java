// Apache Iceberg's REST catalog over its JDBC catalog in a SQLite file, for tests.
//
// Serves on a free port of this machine. The first line that it prints is its port and its warehouse, a
// new folder. It ends when its standard input does, and removes that folder, so that neither outlives the
// process that started it.
//
// Java runs this file as it stands, without a build.

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.Files;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

public final class CatalogServer {
  public static void main(String[] arguments) throws Exception {
    Path folder = java.nio.file.Files.createTempDirectory("iceberg-rest");
    // SQLite's library, which would stay behind elsewhere.
    System.setProperty("org.sqlite.tmpdir", folder.toString());
    JdbcCatalog catalog = new JdbcCatalog(properties -> new LocalFiles(), null, true);
    catalog.initialize(
        "tests",
        Map.of(
            "uri", "jdbc:sqlite:" + folder.resolve("catalog.db") + "?busy_timeout=30000",
            "warehouse", folder.resolve("warehouse").toString(),
            "jdbc.schema-version", "V1"));

    ServletContextHandler handler = new ServletContextHandler();
    RESTCatalogServlet servlet = new RESTCatalogServlet(new RESTCatalogAdapter(catalog));
    handler.addServlet(new ServletHolder(servlet), "/*");
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(handler);
    server.start();
    System.out.println(connector.getLocalPort() + " " + folder.resolve("warehouse"));

    System.in.transferTo(OutputStream.nullOutputStream());
    remove(folder);
    // Not a return: requests under way are nobody's any more.
    Runtime.getRuntime().halt(0);
  }

  private static void remove(Path folder) throws IOException {
    List<Path> paths;
    try (Stream<Path> found = java.nio.file.Files.walk(folder)) {
      paths = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : paths) {
      java.nio.file.Files.deleteIfExists(path);
    }
  }

  // Not Hadoop's, which is larger than all the rest.
  private static final class LocalFiles implements FileIO {
    @Override
    public InputFile newInputFile(String path) {
      return Files.localInput(path);
    }

    @Override
    public OutputFile newOutputFile(String path) {
      return Files.localOutput(path);
    }

    @Override
    public void deleteFile(String path) {
      try {
        java.nio.file.Files.deleteIfExists(Path.of(path));
      } catch (IOException error) {
        throw new java.io.UncheckedIOException(error);
      }
    }
  }
}
