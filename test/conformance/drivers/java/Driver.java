// google-cloud-bigquery for Java. Usage: java Driver.java STEP (a JSON text); prints one JSON line. See ../../README.md.
import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryException;
import com.google.cloud.bigquery.BigQueryOptions;
import com.google.cloud.bigquery.FieldValue;
import com.google.cloud.bigquery.FieldValueList;
import com.google.cloud.bigquery.JobInfo;
import com.google.cloud.bigquery.QueryJobConfiguration;
import com.google.cloud.bigquery.QueryParameterValue;
import com.google.cloud.bigquery.TableResult;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
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
      default:
        throw new IllegalArgumentException("no " + step.get("how").getAsString() + " here");
    }
    List<Object> rows = new ArrayList<>();
    for (FieldValueList row : result.iterateAll()) rows.add(shown(row));
    return rows;
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
