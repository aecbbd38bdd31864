// cloud.google.com/go/bigquery. Usage: driver STEP (a JSON text); prints one JSON line. See ../../README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

type step struct {
	How        string              `json:"how"`
	SQL        string              `json:"sql"`
	Table      string              `json:"table"`
	Limit      int                 `json:"limit"`
	PageSize   int                 `json:"pageSize"`
	Rows       int                 `json:"rows"`
	Parameters [][]json.RawMessage `json:"parameters"`
}

func main() {
	var s step
	if err := json.Unmarshal([]byte(os.Args[1]), &s); err != nil {
		panic(err)
	}
	rows, err := rows(context.Background(), s)
	answer := map[string]any{"rows": rows}
	if err != nil {
		kind := fmt.Sprintf("%T", err)
		var api *googleapi.Error
		if errors.As(err, &api) {
			kind = fmt.Sprint(api.Code)
		}
		answer = map[string]any{"error": map[string]string{"kind": kind, "message": err.Error()}}
	}
	text, _ := json.Marshal(answer)
	fmt.Println(string(text))
}

func rows(ctx context.Context, s step) ([][]string, error) {
	client, err := bigquery.NewClient(ctx, os.Getenv("PROJECT"), option.WithEndpoint(os.Getenv("ENDPOINT")+"/bigquery/v2/"))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	switch s.How {
	case "list_rows":
		it := tableOf(client, s.Table).Read(ctx)
		it.PageInfo().MaxSize = s.Limit
		return texts(it, s.Limit)
	case "load":
		return loaded(ctx, client, s.Table)
	case "large_load":
		return loadedLarge(ctx, client, s)
	case "storage", "storage_result":
		if err := readsByStorage(ctx, client); err != nil {
			return nil, err
		}
	case "storage_v1":
		return storageRows(ctx, s.Table)
	}
	query := client.Query(s.SQL)
	for _, parameter := range s.Parameters {
		value, err := value(parameter)
		if err != nil {
			return nil, err
		}
		query.Parameters = append(query.Parameters, value)
	}
	var it *bigquery.RowIterator
	switch s.How {
	case "storage":
		it = tableOf(client, s.Table).Read(ctx)
	case "query_and_wait":
		it, err = query.Read(ctx)
	case "query", "storage_result":
		var job *bigquery.Job
		if job, err = query.Run(ctx); err == nil {
			it, err = job.Read(ctx)
		}
	default:
		err = fmt.Errorf("no %s here", s.How)
	}
	if err != nil {
		return nil, err
	}
	if s.PageSize > 0 {
		it.PageInfo().MaxSize = s.PageSize
	}
	all, err := texts(it, 0)
	if err == nil && strings.HasPrefix(s.How, "storage") && !it.IsAccelerated() {
		err = errors.New("the rows did not come by the Storage Read API")
	}
	if s.How == "storage" {
		// A table has no order: the client reads several streams at once.
		slices.SortFunc(all, func(a, b []string) int { return slices.Compare(a, b) })
	}
	return all, err
}

// The first rows, or all of them.
func texts(it *bigquery.RowIterator, limit int) ([][]string, error) {
	all := [][]string{}
	for limit == 0 || len(all) < limit {
		var row []bigquery.Value
		err := it.Next(&row)
		if err == iterator.Done {
			break
		}
		if err != nil {
			return nil, err
		}
		line := []string{}
		for _, value := range row {
			line = append(line, fmt.Sprintf("%T %v", value, value))
		}
		all = append(all, line)
	}
	return all, nil
}

func tableOf(client *bigquery.Client, name string) *bigquery.Table {
	parts := strings.Split(name, ".")
	return client.DatasetInProject(parts[0], parts[1]).Table(parts[2])
}

func value(parameter []json.RawMessage) (bigquery.QueryParameter, error) {
	var name, kind string
	_ = json.Unmarshal(parameter[0], &name)
	_ = json.Unmarshal(parameter[1], &kind)
	var value any
	switch kind {
	case "INT64":
		var number int64
		_ = json.Unmarshal(parameter[2], &number)
		value = number
	case "ARRAY<STRING>":
		var list []string
		_ = json.Unmarshal(parameter[2], &list)
		value = list
	case "DATE":
		var text string
		_ = json.Unmarshal(parameter[2], &text)
		date, err := civil.ParseDate(text)
		if err != nil {
			return bigquery.QueryParameter{}, err
		}
		value = date
	default:
		var text string
		_ = json.Unmarshal(parameter[2], &text)
		value = text
	}
	return bigquery.QueryParameter{Name: name, Value: value}, nil
}
