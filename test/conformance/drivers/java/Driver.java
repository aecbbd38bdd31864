// google-cloud-bigquery for Java. Usage: java Driver.java STEP (a JSON text); prints one JSON line. See ../../README.md.
import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryException;
import com.google.cloud.bigquery.BigQueryOptions;
import com.google.cloud.bigquery.Field;
import com.google.cloud.bigquery.FieldValue;
import com.google.cloud.bigquery.FieldValueList;
import com.google.cloud.bigquery.FormatOptions;
import com.google.cloud.bigquery.Job;
import com.google.cloud.bigquery.JobInfo;
import com.google.cloud.bigquery.QueryJobConfiguration;
import com.google.cloud.bigquery.QueryParameterValue;
import com.google.cloud.bigquery.Schema;
import com.google.cloud.bigquery.StandardSQLTypeName;
import com.google.cloud.bigquery.TableDataWriteChannel;
import com.google.cloud.bigquery.TableId;
import com.google.cloud.bigquery.TableResult;
import com.google.cloud.bigquery.WriteChannelConfiguration;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

public class Driver {
  public static void main(String[] arguments) {
    JsonObject step = JsonParser.parseString(arguments[0]).getAsJsonObject();
    Object answer;
    try {
      answer = Map.of("rows", rows(step));
    } catch (BigQueryException error) {
      answer = Map.of("error", Map.of("kind", String.valueOf(error.getCode()), "message", String.valueOf(error.getMessage())));
    } catch (Exception error) {
      answer = Map.of("error", Map.of("kind", error.getClass().getSimpleName(), "message", String.valueOf(error.getMessage())));
    }
    System.out.println(new Gson().toJson(answer));
    System.exit(0);
  }

  static List<Object> rows(JsonObject step) throws Exception {
    BigQuery client =
        BigQueryOptions.newBuilder().setProjectId(System.getenv("PROJECT")).setHost(System.getenv("ENDPOINT")).build().getService();
    QueryJobConfiguration.Builder query = QueryJobConfiguration.newBuilder(step.get("sql").getAsString());
    if (step.has("parameters"))
      for (JsonElement element : step.getAsJsonArray("parameters")) {
        JsonArray parameter = element.getAsJsonArray();
        query.addNamedParameter(parameter.get(0).getAsString(), value(parameter.get(1).getAsString(), parameter.get(2)));
      }
    if (step.has("pageSize")) query.setMaxResults(step.get("pageSize").getAsLong());
    TableResult result;
    switch (step.get("how").getAsString()) {
      case "query_and_wait":
        result = client.query(query.build());
        break;
      case "query":
        result = client.create(JobInfo.of(query.build())).waitFor().getQueryResults();
        break;
      case "large_load":
        loadLarge(client, step);
        result = client.query(query.build());
        break;
      default:
        throw new IllegalArgumentException("no " + step.get("how").getAsString() + " here");
    }
    List<Object> rows = new ArrayList<>();
    for (FieldValueList row : result.iterateAll()) rows.add(shown(row));
    return rows;
  }

  /** A file of as many rows as the step says, sent as an upload in pieces. */
  static void loadLarge(BigQuery client, JsonObject step) throws Exception {
    Path file = Files.createTempFile("chaperone-load-", ".json");
    try (PrintStream lines = new PrintStream(file.toFile(), "UTF-8")) {
      for (int n = 0; n < step.get("rows").getAsInt(); n++) {
        lines.print("{\"n\":" + n + ",\"born\":\"" + (1950 + n % 50) + "-05-17\",\"word\":\"" + "w".repeat(85) + "\"}\n");
      }
    }
    String[] table = step.get("table").getAsString().split("\\.");
    WriteChannelConfiguration configuration =
        WriteChannelConfiguration.newBuilder(TableId.of(table[0], table[1], table[2]), FormatOptions.json())
            .setSchema(
                Schema.of(
                    Field.of("n", StandardSQLTypeName.INT64),
                    Field.of("born", StandardSQLTypeName.DATE),
                    Field.of("word", StandardSQLTypeName.STRING)))
            .setWriteDisposition(JobInfo.WriteDisposition.WRITE_TRUNCATE)
            .build();
    TableDataWriteChannel writer = client.writer(configuration);
    try (OutputStream stream = Channels.newOutputStream(writer)) {
      Files.copy(file, stream);
    } finally {
      Files.delete(file);
    }
    Job job = writer.getJob().waitFor();
    if (job.getStatus().getError() != null) throw new IllegalStateException(job.getStatus().getError().getMessage());
  }

  static List<Object> shown(List<FieldValue> row) {
    List<Object> values = new ArrayList<>();
    for (FieldValue field : row) {
      if (field.isNull()) values.add(null);
      else if (field.getAttribute() == FieldValue.Attribute.REPEATED || field.getAttribute() == FieldValue.Attribute.RECORD)
        values.add(shown(field.getAttribute() == FieldValue.Attribute.REPEATED ? field.getRepeatedValue() : field.getRecordValue()));
      else values.add(String.valueOf(field.getValue()));
    }
    return values;
  }

  static QueryParameterValue value(String type, JsonElement value) {
    switch (type) {
      case "INT64":
        return QueryParameterValue.int64(value.getAsLong());
      case "DATE":
        return QueryParameterValue.date(value.getAsString());
      case "ARRAY<STRING>":
        return QueryParameterValue.array(new Gson().fromJson(value, String[].class), String.class);
      default:
        return QueryParameterValue.string(value.getAsString());
    }
  }
}
