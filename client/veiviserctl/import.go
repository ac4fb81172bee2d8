package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/schollz/progressbar/v3"

	"github.com/veiviser/veiviser/client"
)

type itemsImportCmd struct {
	File   string `arg:"" help:"JSON Lines of items in the JSON of the contract, or CSV with a header."`
	Format string `help:"csv or jsonl; by the name if not given." enum:"csv,jsonl," default:""`
	Batch  int    `help:"Items per call, at most 1000." default:"500"`
}

// Help explains the columns.
func (c *itemsImportCmd) Help() string {
	return `Columns of CSV: item_id, kind (content, offer, service), status (live, draft), name.LANG, topics, stages, journeys,
audiences, segments (several parted by |), rule, start_time, end_time (RFC 3339), stock, value, cost, boost, price
("24990 NOK"), claims.KEY, attributes.KEY; and for its representations format (several parted by |), title.LANG,
body.LANG, url.LANG, image_url.LANG. A text without .LANG is for every language that has none of its own.

A bad row is reported with its line; all others are imported.`
}

// imported counts what became of rows.
type imported struct {
	Created  int `json:"created"`
	Updated  int `json:"updated"`
	Rejected int `json:"rejected"`
}

// Run imports and prints counts.
func (c *itemsImportCmd) Run(ctx context.Context, s *session) error {
	if c.Batch < 1 || c.Batch > 1000 {
		return usage("--batch is 1 to 1000")
	}
	f, err := os.Open(c.File)
	if err != nil {
		return usageError{err}
	}
	defer func() { _ = f.Close() }()
	cl, err := s.dial()
	if err != nil {
		return err
	}
	size := int64(-1)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	in := &importer{s: s, cl: cl, name: c.File, size: c.Batch, bar: s.progress(size, "importing", "B")}
	source := io.TeeReader(f, progressWriter{in.bar})
	row := func(line int, item *veiviserv1.Item, bad error) error { return in.row(ctx, line, item, bad) }
	if c.csv() {
		err = itemsFromCSV(source, row)
	} else {
		err = itemsFromJSONL(source, row)
	}
	err = errors.Join(err, in.flush(ctx))
	_ = in.bar.Finish() // what it fails to draw is no loss
	return in.print(err)
}

// csv reports whether the file is CSV.
func (c *itemsImportCmd) csv() bool {
	return c.Format == "csv" || c.Format == "" && strings.EqualFold(filepath.Ext(c.File), ".csv")
}

// progressWriter moves a bar by what is read.
type progressWriter struct{ bar *progressbar.ProgressBar }

// Write moves the bar.
func (w progressWriter) Write(p []byte) (int, error) {
	_ = w.bar.Add(len(p)) // what it fails to draw is no loss
	return len(p), nil
}

// importer writes items in batches and keeps the line of each.
type importer struct {
	s    *session
	cl   *client.Client
	name string
	size int
	bar  *progressbar.ProgressBar

	items []*veiviserv1.Item
	lines []int
	n     imported
}

// row takes one item, or what is wrong with its line.
func (in *importer) row(ctx context.Context, line int, item *veiviserv1.Item, bad error) error {
	if bad != nil {
		in.reject(line, bad.Error())
		return nil
	}
	in.items, in.lines = append(in.items, item), append(in.lines, line)
	if len(in.items) < in.size {
		return nil
	}
	return in.flush(ctx)
}

func (in *importer) reject(line int, why string) {
	in.n.Rejected++
	fmt.Fprintf(in.s.std.err, "%s:%d: %s\n", in.name, line, why)
}

// flush writes what has gathered.
func (in *importer) flush(ctx context.Context) error {
	if len(in.items) == 0 {
		return nil
	}
	items, lines := in.items, in.lines
	in.items, in.lines = nil, nil
	created, updated, rejected, err := upsert(ctx, in.cl, items)
	if err != nil {
		return fmt.Errorf("items of the lines %d to %d: %w", lines[0], lines[len(lines)-1], err)
	}
	in.n.Created += created
	in.n.Updated += updated
	for i, line := range lines {
		if why, ok := rejected[i]; ok {
			in.reject(line, why)
		}
	}
	return nil
}

// print says what became of the rows. err is why not all were tried.
func (in *importer) print(err error) error {
	if in.s.JSON {
		fmt.Fprintf(in.s.std.out, `{"created":%d,"updated":%d,"rejected":%d}`+"\n", in.n.Created, in.n.Updated, in.n.Rejected)
	} else {
		fmt.Fprintf(in.s.std.out, "%d created, %d updated, %d rejected\n", in.n.Created, in.n.Updated, in.n.Rejected)
	}
	if err != nil {
		return err
	}
	if in.n.Rejected > 0 {
		return errNo
	}
	return nil
}
