package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxItemLine is how long a line of items may be.
const maxItemLine = 4 << 20

// itemRow takes one item with its line, or what is wrong with the line.
type itemRow func(line int, item *veiviserv1.Item, bad error) error

// itemsFromJSONL reads one item per line.
func itemsFromJSONL(r io.Reader, row itemRow) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxItemLine)
	line := 0
	for in.Scan() {
		line++
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		item := &veiviserv1.Item{}
		if err := row(line, item, jsonFault(protojson.Unmarshal(text, item))); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("line %d: %w", line+1, err)
	}
	return nil
}

// itemsFromCSV reads one item per row.
func itemsFromCSV(r io.Reader, row itemRow) error {
	in := csv.NewReader(bufio.NewReader(r))
	header, err := in.Read()
	if err != nil {
		return usage("the CSV has no header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if !knownColumn(header[i]) {
			return usage("the header names a column %q that no item has; veiviserctl items import --help lists them", name)
		}
	}
	for {
		record, err := in.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if err := row(bad.StartLine, nil, bad.Err); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		line, _ := in.FieldPos(0)
		item, err := itemFromRecord(header, record)
		if err := row(line, item, err); err != nil {
			return err
		}
	}
}

// Columns that are one text, and families of columns with a suffix.
func knownColumn(name string) bool {
	switch name {
	case "item_id", "kind", "status", "topics", "stages", "journeys", "audiences", "segments", "rule", "start_time", "end_time",
		"stock", "value", "cost", "boost", "price", "format", "title", "body", "url", "image_url":
		return true
	}
	head, tail, _ := strings.Cut(name, ".")
	switch head {
	case "name", "title", "body", "url", "image_url", "claims", "attributes":
		return tail != ""
	}
	return false
}

// itemBuilder gathers an item from cells.
type itemBuilder struct {
	item    *veiviserv1.Item
	formats []string
	// byLanguage are the texts of the representations, in the order in which languages stand in the header.
	languages  []string
	byLanguage map[string]*veiviserv1.Representation
}

// itemFromRecord makes an item of one row.
func itemFromRecord(header, record []string) (*veiviserv1.Item, error) {
	b := &itemBuilder{item: &veiviserv1.Item{}, byLanguage: make(map[string]*veiviserv1.Representation)}
	for i, cell := range record {
		if cell = strings.TrimSpace(cell); cell == "" {
			continue
		}
		if err := b.cell(header[i], cell); err != nil {
			return nil, fmt.Errorf("%s: %w", header[i], err)
		}
	}
	b.represent()
	return b.item, nil
}

// represent adds a representation per format and language. A text without language stands in for those a language lacks.
func (b *itemBuilder) represent() {
	all := b.byLanguage[""]
	languages := slices.DeleteFunc(slices.Clone(b.languages), func(l string) bool { return l == "" })
	if len(languages) == 0 {
		languages = []string{""}
	}
	for _, format := range b.formats {
		for _, l := range languages {
			r := b.byLanguage[l]
			b.item.Representations = append(b.item.Representations, &veiviserv1.Representation{
				Format: format, Language: l, Title: cmp.Or(r.GetTitle(), all.GetTitle()), Body: cmp.Or(r.GetBody(), all.GetBody()),
				Url: cmp.Or(r.GetUrl(), all.GetUrl()), ImageUrl: cmp.Or(r.GetImageUrl(), all.GetImageUrl()),
			})
		}
	}
}

// cell sets what a cell says.
func (b *itemBuilder) cell(column, cell string) (err error) {
	it := b.item
	head, tail, _ := strings.Cut(column, ".")
	switch head {
	case "item_id":
		it.ItemId = cell
	case "kind":
		it.Kind, err = enum[veiviserv1.ItemKind](veiviserv1.ItemKind_value, "ITEM_KIND_", cell)
	case "status":
		it.Status, err = enum[veiviserv1.ItemStatus](veiviserv1.ItemStatus_value, "ITEM_STATUS_", cell)
	case "topics":
		it.Topics = list(cell)
	case "stages":
		it.Stages = list(cell)
	case "journeys":
		it.Journeys = list(cell)
	case "audiences":
		it.Audiences = list(cell)
	case "segments":
		it.Segments = list(cell)
	case "rule":
		it.Rule = cell
	case "start_time":
		it.StartTime, err = moment(cell)
	case "end_time":
		it.EndTime, err = moment(cell)
	case "stock":
		n, bad := strconv.ParseInt(cell, 10, 64)
		if it.Stock = &n; bad != nil {
			err = fmt.Errorf("%q is not a whole number", cell)
		}
	case "value":
		it.Value, err = number(cell)
	case "cost":
		it.Cost, err = number(cell)
	case "boost":
		it.Boost, err = number(cell)
	case "price":
		it.Price, err = money(cell)
	case "name":
		put(&it.Name, tail, cell)
	case "claims":
		put(&it.Claims, tail, cell)
	case "attributes":
		put(&it.Attributes, tail, cell)
	case "format":
		b.formats = list(cell)
	default:
		b.text(head, tail, cell)
	}
	return err
}

// text sets a text of the representation in a language.
func (b *itemBuilder) text(head, language, cell string) {
	r, ok := b.byLanguage[language]
	if !ok {
		r = &veiviserv1.Representation{}
		b.byLanguage[language] = r
		b.languages = append(b.languages, language)
	}
	switch head {
	case "title":
		r.Title = cell
	case "body":
		r.Body = cell
	case "url":
		r.Url = cell
	case "image_url":
		r.ImageUrl = cell
	}
}

func put(m *map[string]string, key, value string) {
	if *m == nil {
		*m = make(map[string]string)
	}
	(*m)[key] = value
}

// list takes "a|b" apart.
func list(cell string) []string {
	var out []string
	for part := range strings.SplitSeq(cell, "|") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// enum reads a value by its short name.
func enum[E ~int32](values map[string]int32, prefix, cell string) (E, error) {
	n, ok := values[prefix+strings.ToUpper(cell)]
	if !ok {
		return 0, fmt.Errorf("%q is not known", cell)
	}
	return E(n), nil
}

// number reads a number.
func number(cell string) (float64, error) {
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", cell)
	}
	return f, nil
}

// moment reads RFC 3339 or a date.
func moment(cell string) (*timestamppb.Timestamp, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, cell); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, fmt.Errorf("%q is neither RFC 3339 nor a date", cell)
}

// money reads "24990 NOK".
func money(cell string) (*veiviserv1.Money, error) {
	amount, currency, _ := strings.Cut(cell, " ")
	f, err := strconv.ParseFloat(amount, 64)
	if err != nil || math.Abs(f) > 9e12 || currency == "" {
		return nil, fmt.Errorf("%q is not an amount and a currency, as in 24990 NOK", cell)
	}
	return &veiviserv1.Money{CurrencyCode: strings.TrimSpace(currency), Micros: int64(math.Round(f * 1e6))}, nil
}
