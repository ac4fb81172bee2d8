package eventlog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The fields of an event that columns can be mapped to.
const (
	FieldVisitor  = "visitor_id"
	FieldType     = "type"
	FieldTime     = "time"
	FieldItem     = "item_id"
	FieldSubject  = "subject"
	FieldEvent    = "event_id"
	FieldDecision = "decision_id"
	FieldChannel  = "channel"
	FieldValue    = "value"
	// FieldAttribute, followed by a name, is an attribute of the event: "attributes.page".
	FieldAttribute = "attributes."
)

// fields are all of them in the order in which they are explained.
func fields() []string {
	return []string{
		FieldVisitor, FieldType, FieldTime, FieldItem, FieldSubject, FieldEvent, FieldDecision, FieldChannel, FieldValue,
	}
}

// Format is how a log is written.
type Format string

// The formats.
const (
	CSV   Format = "csv"   // comma-separated with a header, RFC 4180
	JSONL Format = "jsonl" // one JSON object per line
)

// TimeUnit is how a log writes times.
type TimeUnit string

// The time units.
const (
	Seconds      TimeUnit = "s"  // since 1970, fractions allowed
	Milliseconds TimeUnit = "ms" // since 1970
	RFC3339      TimeUnit = "rfc3339"
)

// Options say how to read a log. The zero value reads what is named like the contract's fields, with times in RFC 3339.
type Options struct {
	// Format is CSV or JSONL; Open takes it from the name of the file when it is empty.
	Format Format
	// Columns maps fields to columns of the CSV or keys of the JSON object ("a.b" is key b of the object under a). A value
	// that begins with "=" is the same for every row: "=shop". Fields not named are looked for under their own name.
	Columns map[string]string
	// Types maps what the log calls an event to its type. What is mapped to "" is skipped; what is not named stays.
	Types map[string]string
	// Time is the unit of times; empty is RFC 3339.
	Time TimeUnit
	// IDPrefix begins the ids made for events that have none of their own.
	IDPrefix string
}

// check reports options that make no sense.
func (o *Options) check() error {
	for field, column := range o.Columns {
		if !slices.Contains(fields(), field) && (!strings.HasPrefix(field, FieldAttribute) || field == FieldAttribute) {
			return fmt.Errorf("no field of an event is called %q; there are %s and %sNAME", field, strings.Join(fields(), ", "), FieldAttribute)
		}
		if column == "" {
			return fmt.Errorf("the field %s is mapped to a column without name", field)
		}
	}
	switch o.Time {
	case Seconds, Milliseconds, RFC3339, "":
		return nil
	}
	return fmt.Errorf("times are in s, ms or rfc3339, not %q", string(o.Time))
}

// Row is one event of a log.
type Row struct {
	// Line is where it begins in the file, Number which row of data it is, both from 1. Rows that make no sense or are
	// skipped are counted, so that a row keeps its number whatever the options.
	Line, Number int
	// EventID is the row's own, or made of its number and content: the same row of the same log has the same id always,
	// and equal rows have different ones.
	EventID string
	// Word is what the log calls the type.
	Word       string
	VisitorID  string
	Type       string
	Time       time.Time
	ItemID     string
	Subject    string
	DecisionID string
	Channel    string
	Value      float64
	Attributes map[string]string
}

// RowError is a row that makes no sense. Reading goes on after it.
type RowError struct {
	Line int
	Text string
}

// Error gives "line 7: text".
func (e *RowError) Error() string { return "line " + strconv.Itoa(e.Line) + ": " + e.Text }

// event makes a row of the values of fields. skip says that its type is not wanted.
func (o *Options) event(line, number int, get func(field string) string, attributes []string, content []byte) (row Row, skip bool, err error) {
	bad := func(format string, args ...any) (Row, bool, error) {
		return Row{}, false, &RowError{Line: line, Text: fmt.Sprintf(format, args...)}
	}
	row = Row{
		Line: line, Number: number, Word: get(FieldType), VisitorID: get(FieldVisitor), ItemID: get(FieldItem), Subject: get(FieldSubject),
		DecisionID: get(FieldDecision), Channel: get(FieldChannel), EventID: get(FieldEvent),
	}
	if row.Word == "" {
		return bad("the event type is empty")
	}
	row.Type = row.Word
	if mapped, ok := o.Types[row.Word]; ok {
		if row.Type = mapped; mapped == "" {
			return Row{}, true, nil
		}
	}
	if row.VisitorID == "" {
		return bad("the visitor is empty")
	}
	if row.Time, err = o.Time.parse(get(FieldTime)); err != nil {
		return bad("%v", err)
	}
	if v := get(FieldValue); v != "" {
		if row.Value, err = strconv.ParseFloat(v, 64); err != nil {
			return bad("the value %q is not a number", clip(v))
		}
	}
	for _, name := range attributes {
		if v := get(FieldAttribute + name); v != "" {
			if row.Attributes == nil {
				row.Attributes = make(map[string]string)
			}
			row.Attributes[name] = v
		}
	}
	if row.EventID == "" {
		row.EventID = o.id(number, content)
	}
	return row, false, nil
}

// id names a row by its number and content.
func (o *Options) id(number int, content []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n", number)
	h.Write(content)
	return o.IDPrefix + hex.EncodeToString(h.Sum(nil)[:16])
}

// parse reads a time.
func (u TimeUnit) parse(s string) (time.Time, error) {
	switch {
	case s == "":
		return time.Time{}, fmt.Errorf("the time is empty")
	case u == Seconds || u == Milliseconds:
		return u.number(s)
	default:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return time.Time{}, fmt.Errorf("the time %q is not RFC 3339, as in 2026-11-22T09:30:00Z", clip(s))
		}
		if t.Unix() <= 0 {
			return time.Time{}, fmt.Errorf("the time %s lies outside of the years 1970 to 9999", clip(s))
		}
		return t.UTC(), nil
	}
}

// maxSeconds is the end of the year 9999, the last that timestamps of protobuf can say.
const maxSeconds = 253402300799

// number reads a time that is a number.
func (u TimeUnit) number(s string) (time.Time, error) {
	unit := int64(1)
	if u == Milliseconds {
		unit = 1000
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if n <= 0 || n/unit > maxSeconds {
			return time.Time{}, fmt.Errorf("the time %s lies outside of the years 1970 to 9999", clip(s))
		}
		return time.Unix(n/unit, n%unit*(1e9/unit)).UTC(), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	f /= float64(unit)
	switch {
	case err != nil || math.IsNaN(f):
		return time.Time{}, fmt.Errorf("the time %q is not a number of %s", clip(s), map[int64]string{1: "seconds", 1000: "milliseconds"}[unit])
	case f <= 0 || f > maxSeconds:
		return time.Time{}, fmt.Errorf("the time %s lies outside of the years 1970 to 9999", clip(s))
	}
	return time.UnixMicro(int64(f * 1e6)).UTC(), nil
}

// clip shortens what is quoted in messages.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
