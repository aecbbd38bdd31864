package main

import (
	"context"
	"fmt"
	"io"
	"os"
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
		if err := load(ctx, client, table+"_go_"+way.name, source); err != nil {
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

// What the step asks of a table of as many rows as it says, which come from a file: an upload in pieces.
func loadedLarge(ctx context.Context, client *bigquery.Client, s step) ([][]string, error) {
	file, err := os.CreateTemp("", "chaperone-load-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	word := strings.Repeat("w", 85)
	for n := range s.Rows {
		_, err := fmt.Fprintf(file, `{"n":%d,"born":"%d-05-17","word":"%s"}`+"\n", n, 1950+n%50, word)
		if err != nil {
			return nil, err
		}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	source := bigquery.NewReaderSource(file)
	source.SourceFormat = bigquery.JSON
	source.Schema = bigquery.Schema{
		{Name: "n", Type: bigquery.IntegerFieldType},
		{Name: "born", Type: bigquery.DateFieldType},
		{Name: "word", Type: bigquery.StringFieldType},
	}
	if err := load(ctx, client, s.Table, source); err != nil {
		return nil, err
	}
	it, err := client.Query(s.SQL).Read(ctx)
	if err != nil {
		return nil, err
	}
	return texts(it, 0)
}

// Replaces what the table holds by what comes from the source.
func load(ctx context.Context, client *bigquery.Client, table string, source *bigquery.ReaderSource) error {
	loader := tableOf(client, table).LoaderFrom(source)
	loader.WriteDisposition = bigquery.WriteTruncate
	job, err := loader.Run(ctx)
	if err != nil {
		return err
	}
	status, err := job.Wait(ctx)
	if err != nil {
		return err
	}
	return status.Err()
}
