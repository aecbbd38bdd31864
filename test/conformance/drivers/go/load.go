package main

import (
	"context"
	"strings"

	"cloud.google.com/go/bigquery"
)

// What two tables hold, made by a file of JSON rows and by one of CSV.
func loaded(ctx context.Context, client *bigquery.Client, table string) ([][]string, error) {
	schema := bigquery.Schema{{Name: "day", Type: bigquery.DateFieldType}, {Name: "word", Type: bigquery.StringFieldType}}
	all := [][]string{}
	for _, way := range []struct {
		name, file string
		format     bigquery.DataFormat
		skip       int64
	}{
		{"json", "{\"day\":\"2026-02-28\",\"word\":\"a\"}\n{\"day\":\"2026-03-01\"}\n", bigquery.JSON, 0},
		{"csv", "day,word\n2026-02-28,a\n2026-03-01,\n", bigquery.CSV, 1},
	} {
		source := bigquery.NewReaderSource(strings.NewReader(way.file))
		source.SourceFormat, source.SkipLeadingRows, source.Schema = way.format, way.skip, schema
		to := tableOf(client, table+"_go_"+way.name)
		loader := to.LoaderFrom(source)
		loader.WriteDisposition = bigquery.WriteTruncate
		job, err := loader.Run(ctx)
		if err != nil {
			return nil, err
		}
		status, err := job.Wait(ctx)
		if err == nil {
			err = status.Err()
		}
		if err != nil {
			return nil, err
		}
		it, err := client.Query("SELECT * FROM `" + table + "_go_" + way.name + "` ORDER BY day").Read(ctx)
		if err != nil {
			return nil, err
		}
		rows, err := texts(it, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}
