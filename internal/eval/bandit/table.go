package bandit

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Table is a log of choices in memory: four bytes for every value of a context column, some thirty for the rest of a row.
type Table struct {
	// Columns are the context columns, in the order of the mapping.
	Columns []Column
	// Arms are the names of all logged actions, sorted. Arm is the logged action of every row, by its index there.
	Arms []string
	Arm  []int32
	// Reward and Propensity are those of every row.
	Reward, Propensity []float64
	// Unit is whom every row is about: an index into Units, or the number of the row where the mapping names no unit.
	Unit  []int32
	Units []string
	// Constant says that every action has the same propensity at every row.
	Constant bool
}

// Column is a context column. Every distinct text is kept once.
type Column struct {
	Name string
	// Numeric says that the column holds numbers.
	Numeric bool
	// Codes has an index into Texts for every row; Numbers are the values of Texts, NaN where there is none.
	Codes   []int32
	Texts   []string
	Numbers []float64
}

// Rows is how many rows there are.
func (t *Table) Rows() int { return len(t.Arm) }

// NumUnits is how many units there are.
func (t *Table) NumUnits() int {
	if t.Units == nil {
		return t.Rows()
	}
	return len(t.Units)
}

// mostReward is the largest reward, as in package ope.
const mostReward = 1e15

// Load reads a log from a CSV file, plain or compressed by gzip (by its first bytes, whatever it is called); progress, if
// not nil, is told how many bytes of the file have been read. Errors are [*FileError], or that of ctx.
func Load(ctx context.Context, file string, m Mapping, progress func(bytes int64)) (*Table, error) {
	f, err := os.Open(file)
	if err != nil {
		if why, ok := errors.AsType[*os.PathError](err); ok {
			err = why.Err
		}
		return nil, &FileError{File: file, Err: err}
	}
	defer func() { _ = f.Close() }() // it was only read
	t, err := Read(&counted{ctx: ctx.Err, r: f, progress: progress}, file, m)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return t, err
}

// counted tells how much has been read, and ends when told to.
type counted struct {
	ctx      func() error
	r        io.Reader
	n        int64
	progress func(int64)
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.ctx(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.n += int64(n)
	if c.progress != nil {
		c.progress(c.n)
	}
	return n, err
}

// Read reads a log in CSV with a header from r; name is what errors call it. Rows need all columns of the header. Errors
// are [*FileError] with the line and the column.
//
// A context column holds numbers if all of it does that is not missing: empty, or NA, NaN, null, None or "?" in any case.
// Where a few values among many numbers are none, the first is an error, because a slip should not make words of a whole
// column; Mapping.Text says that words are meant. Actions, rewards and propensities are never missing.
func Read(r io.Reader, name string, m Mapping) (*Table, error) {
	in := bufio.NewReader(r)
	var plain io.Reader = in
	if head, err := in.Peek(2); err == nil && bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, &FileError{File: name, Err: err}
		}
		plain = z
	}
	l := &loader{name: name, m: m, csv: csv.NewReader(plain)}
	l.csv.ReuseRecord = true
	if err := l.header(); err != nil {
		return nil, err
	}
	for {
		record, err := l.csv.Read()
		if err == io.EOF {
			return l.finish()
		}
		if err != nil {
			return nil, l.broken(err)
		}
		if err := l.row(record); err != nil {
			return nil, err
		}
	}
}

// loader fills a table.
type loader struct {
	name string
	m    Mapping
	csv  *csv.Reader
	t    Table

	context                          []int
	texts                            []*words
	firstLine                        [][]int // line at which a text of a column was first seen
	action, reward, propensity, unit int
	arms, units                      *words
}

// words number distinct texts.
type words struct {
	index map[string]int32
	list  []string
}

func newWords() *words { return &words{index: map[string]int32{}} }

// of is the number of a text, which is copied when it is new: the record it is in is used again.
func (w *words) of(text string) (n int32, isNew bool) {
	n, ok := w.index[text]
	if !ok {
		text = strings.Clone(text)
		n = int32(len(w.list))
		w.index[text] = n
		w.list = append(w.list, text)
	}
	return n, !ok
}

func (l *loader) broken(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return &FileError{File: l.name, Line: e.Line, Err: e.Err}
	}
	return &FileError{File: l.name, Err: err}
}

// header finds the columns.
func (l *loader) header() error {
	record, err := l.csv.Read()
	if err == io.EOF {
		return &FileError{File: l.name, Err: errors.New("it is empty; the first line must name the columns")}
	}
	if err != nil {
		return l.broken(err)
	}
	names := slices.Clone(record)
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	find := func(what, column string) int {
		i := slices.Index(names, column)
		if i < 0 && err == nil {
			err = &FileError{File: l.name, Line: 1, Err: fmt.Errorf("there is no column %q, which the mapping takes for %s%s", column, what, meant(column, names))}
		}
		return i
	}
	for _, c := range l.m.Context {
		l.context = append(l.context, find("context", c))
		l.t.Columns = append(l.t.Columns, Column{Name: c})
		l.texts = append(l.texts, newWords())
		l.firstLine = append(l.firstLine, nil)
	}
	l.action, l.reward = find("the action", l.m.Action), find("the reward", l.m.Reward)
	l.t.Constant, l.arms = l.m.Propensity.Column == "", newWords()
	if !l.t.Constant {
		l.propensity = find("the propensity", l.m.Propensity.Column)
	}
	if l.m.Unit != "" {
		l.unit, l.units = find("the unit", l.m.Unit), newWords()
	}
	return err
}

// row adds a row.
func (l *loader) row(record []string) error {
	t, line := &l.t, 0
	at := func(column int) int { line, _ = l.csv.FieldPos(column); return line }
	wrong := func(column int, name, format string, args ...any) error {
		return &FileError{File: l.name, Line: at(column), Column: name, Err: fmt.Errorf(format, args...)}
	}
	reward, err := strconv.ParseFloat(strings.TrimSpace(record[l.reward]), 64)
	if err != nil || !(math.Abs(reward) <= mostReward) {
		return wrong(l.reward, l.m.Reward, "%q is no reward: a number within ±1e15", record[l.reward])
	}
	propensity := l.m.Propensity.Constant
	if !t.Constant {
		propensity, err = strconv.ParseFloat(strings.TrimSpace(record[l.propensity]), 64)
		if err != nil || !(propensity >= 1e-12 && propensity <= 1) {
			return wrong(l.propensity, l.m.Propensity.Column, "%q is no probability of what was done: above 0 and up to 1", record[l.propensity])
		}
	}
	if record[l.action] == "" {
		return wrong(l.action, l.m.Action, "there is no action")
	}
	unit := int32(t.Rows())
	if l.units != nil {
		if record[l.unit] == "" {
			return wrong(l.unit, l.m.Unit, "there is no unit")
		}
		unit, _ = l.units.of(record[l.unit])
	}
	arm, _ := l.arms.of(record[l.action])
	for c, i := range l.context {
		code, isNew := l.texts[c].of(record[i])
		if isNew {
			l.firstLine[c] = append(l.firstLine[c], at(i))
		}
		t.Columns[c].Codes = append(t.Columns[c].Codes, code)
	}
	t.Arm = append(t.Arm, arm)
	t.Reward = append(t.Reward, reward)
	t.Propensity = append(t.Propensity, propensity)
	t.Unit = append(t.Unit, unit)
	return nil
}

// finish sorts the actions and finds out which columns hold numbers.
func (l *loader) finish() (*Table, error) {
	t := &l.t
	if t.Rows() == 0 {
		return nil, &FileError{File: l.name, Err: errors.New("there is no row below the header")}
	}
	t.Arms = slices.Sorted(slices.Values(l.arms.list))
	place := make([]int32, len(t.Arms))
	for i, name := range l.arms.list {
		k, _ := slices.BinarySearch(t.Arms, name)
		place[i] = int32(k)
	}
	for i, a := range t.Arm {
		t.Arm[i] = place[a]
	}
	if l.units != nil {
		t.Units = l.units.list
	}
	if all := l.m.Propensity.Constant * float64(len(t.Arms)); t.Constant && all > 1.001 {
		return nil, &FileError{File: l.name, Column: l.m.Action, Err: fmt.Errorf("%d actions of probability %g each make %g, more than 1",
			len(t.Arms), l.m.Propensity.Constant, all)}
	}
	for c := range t.Columns {
		if err := l.column(c); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// slips is the largest share of values that can be slips among numbers.
const slips = 0.05

// column finds out whether a column holds numbers.
func (l *loader) column(c int) error {
	col := &l.t.Columns[c]
	col.Texts = l.texts[c].list
	col.Numbers = make([]float64, len(col.Texts))
	count := make([]int, len(col.Texts))
	for _, code := range col.Codes {
		count[code]++
	}
	numbers, others, first := 0, 0, -1
	for i, text := range col.Texts {
		x, ok := number(text)
		col.Numbers[i] = x
		switch {
		case !ok && first < 0:
			first = i
			fallthrough
		case !ok:
			others += count[i]
		case !math.IsNaN(x):
			numbers += count[i]
		}
	}
	if slices.Contains(l.m.Text, col.Name) {
		return nil
	}
	if others > 0 && float64(others) <= slips*float64(numbers) {
		return &FileError{File: l.name, Line: l.firstLine[c][first], Column: col.Name, Err: fmt.Errorf(
			"%q is no number, as nearly all others are; put the column under text in the mapping if words are meant", col.Texts[first])}
	}
	col.Numeric = others == 0
	return nil
}

// number reads a number, NaN when it is missing.
func number(text string) (x float64, ok bool) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "", "na", "nan", "null", "none", "?":
		return math.NaN(), true
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(x) <= mostReward) {
		return math.NaN(), false
	}
	return x, true
}

// print tells one log from another, by what was done and earned.
func (t *Table) print() string {
	h := fnv.New64a()
	var b [12]byte
	for i, a := range t.Arm {
		binary.LittleEndian.PutUint32(b[:], uint32(a))
		binary.LittleEndian.PutUint64(b[4:], math.Float64bits(t.Reward[i]))
		_, _ = h.Write(b[:]) // it never fails
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// fold is the share, of so many, that a row belongs to, by a hash of its unit.
func (t *Table) fold(row int, seed uint64, folds int) int {
	h := fnv.New64a()
	var b [16]byte
	for i := range 8 {
		b[i] = byte(seed >> (8 * i))
	}
	_, _ = h.Write(b[:8]) // it never fails
	if t.Units != nil {
		_, _ = io.WriteString(h, t.Units[t.Unit[row]]) // as above
	} else {
		_, _ = h.Write(strconv.AppendInt(b[:0], int64(row), 10)) // as above
	}
	x := h.Sum64() // mixed as in SplitMix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % uint64(folds))
}

// folds gives the fold of every row.
func (t *Table) folds(seed uint64, folds int) []int {
	out := make([]int, t.Rows())
	for i := range out {
		out[i] = t.fold(i, seed, folds)
	}
	return out
}

// MeanReward is what the log earned per row.
func (t *Table) MeanReward() float64 { return mean(t.Reward) }
