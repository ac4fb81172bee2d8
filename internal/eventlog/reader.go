package eventlog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// maxLine is how long a line may be.
const maxLine = 1 << 20

// Reader reads one log, once.
type Reader struct {
	o      Options
	source io.Reader
	bytes  *counter
	close  []io.Closer
}

// counter counts what is read of a file.
type counter struct {
	r io.Reader
	n atomic.Int64
}

// Read counts.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// NewReader reads a log from r, which is gzip when gz is set. It fails for options that make no sense.
func NewReader(r io.Reader, gz bool, o Options) (*Reader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Format != CSV && o.Format != JSONL {
		return nil, fmt.Errorf("a log is csv or jsonl, not %q", string(o.Format))
	}
	c := &counter{r: r}
	out := &Reader{o: o, source: c, bytes: c}
	if gz {
		z, err := gzip.NewReader(bufio.NewReaderSize(c, 1<<16))
		if err != nil {
			return nil, fmt.Errorf("reading gzip: %w", err)
		}
		out.source = z
		out.close = append(out.close, z)
	}
	return out, nil
}

// Open reads the log in a file. A name ending in .gz is gzip; the ending before that says the format, .csv or .jsonl,
// .ndjson, .json, unless the options do.
func Open(name string, o Options) (*Reader, error) {
	gz, format := FormatOf(name)
	if o.Format == "" {
		if o.Format = format; format == "" {
			return nil, errors.New("the name does not say whether this is CSV or JSON Lines; say the format")
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f, gz, o)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	r.close = append(r.close, f)
	return r, nil
}

// FormatOf says what the name of a file says about it; "" for a format it does not tell.
func FormatOf(name string) (gz bool, format Format) {
	name = strings.ToLower(name)
	ext := filepath.Ext(name)
	if gz = ext == ".gz"; gz {
		ext = filepath.Ext(strings.TrimSuffix(name, ext))
	}
	switch ext {
	case ".csv":
		format = CSV
	case ".jsonl", ".ndjson", ".json":
		format = JSONL
	}
	return gz, format
}

// Close closes the file, when [Open] opened it.
func (r *Reader) Close() error {
	errs := make([]error, len(r.close))
	for i, c := range r.close {
		errs[i] = c.Close()
	}
	return errors.Join(errs...)
}

// Bytes is how much of the file was read, as it lies on the disk; for progress, also while Rows goes on elsewhere.
func (r *Reader) Bytes() int64 { return r.bytes.n.Load() }

// Rows gives the rows in order. A [*RowError] is a row that makes no sense, and reading goes on; any other error is the
// last element: the header misses a column, the file is broken. Rows can be ranged over once.
func (r *Reader) Rows() iter.Seq2[Row, error] {
	if r.o.Format == CSV {
		return r.csv
	}
	return r.jsonl
}

func (r *Reader) csv(yield func(Row, error) bool) {
	in := csv.NewReader(bufio.NewReaderSize(skipMark(r.source), 1<<16))
	in.ReuseRecord = true
	in.LazyQuotes = true
	header, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty: a CSV begins with its header")
		}
		yield(Row{}, err)
		return
	}
	columns, err := r.o.columns(header)
	if err != nil {
		yield(Row{}, err)
		return
	}
	var content []byte
	for number := 1; ; number++ {
		record, err := in.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &wrong):
			err = &RowError{Line: wrong.StartLine, Text: wrong.Err.Error()}
			if errors.Is(wrong.Err, csv.ErrFieldCount) {
				err = &RowError{Line: wrong.StartLine, Text: fmt.Sprintf("%d columns, the header has %d", len(record), len(header))}
			}
			if !yield(Row{}, err) {
				return
			}
			continue
		case err != nil:
			yield(Row{}, fmt.Errorf("reading the file: %w", err))
			return
		}
		line, _ := in.FieldPos(0)
		content = content[:0]
		for _, v := range record {
			content = append(append(content, v...), 0)
		}
		if !r.give(yield, line, number, columns.get(record), columns.attributes, content) {
			return
		}
	}
}

// give makes a row of what get finds and gives it, unless it is to be skipped.
func (r *Reader) give(yield func(Row, error) bool, line, number int, get func(string) string, attributes []string, content []byte) bool {
	if !utf8.Valid(content) {
		return yield(Row{}, &RowError{Line: line, Text: "the row is not UTF-8"})
	}
	row, skip, err := r.o.event(line, number, get, attributes, content)
	return skip || yield(row, err)
}

func (r *Reader) jsonl(yield func(Row, error) bool) {
	in := bufio.NewScanner(skipMark(r.source))
	in.Buffer(make([]byte, 1<<16), maxLine)
	number := 0
	for line := 1; in.Scan(); line++ {
		content := bytes.TrimSpace(in.Bytes())
		if len(content) == 0 {
			continue
		}
		number++
		dec := json.NewDecoder(bytes.NewReader(content))
		dec.UseNumber() // ids are often large numbers
		var object map[string]any
		err := dec.Decode(&object)
		wrong := ""
		if _, otherType := errors.AsType[*json.UnmarshalTypeError](err); otherType || err == nil && (object == nil || dec.More()) {
			wrong = "a line holds one JSON object"
		} else if err != nil {
			wrong = "not JSON: " + err.Error()
		}
		if wrong != "" {
			if !yield(Row{}, &RowError{Line: line, Text: wrong}) {
				return
			}
			continue
		}
		if !r.give(yield, line, number, r.o.keys(object), r.o.attributes(object), content) {
			return
		}
	}
	if err := in.Err(); err != nil {
		yield(Row{}, fmt.Errorf("reading the file after row %d: %w", number, err))
	}
}

// skipMark passes over the byte order mark that some programs write.
func skipMark(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, 1<<16)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	return in
}
