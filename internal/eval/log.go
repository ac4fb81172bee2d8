package eval

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eventlog"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Log is the histories of visitors, read from event logs and held in memory compactly.
type Log struct {
	visitors []history // sorted by id
	strings  []string
	attrs    []map[string]string
	// Rows were read, Bad made no sense (the first few are in Errors), Events are held.
	Rows, Bad, Events int
	Errors            []error
	// From and To are the times of the first and the last event held.
	From, To time.Time
	// Sampled says that there were more events than fit: a share of the visitors is held, chosen by a hash of their id.
	Sampled bool
}

// history is the events of one visitor in order of time; those of the same time in the order of the log.
type history struct {
	id     string
	events []event
}

// event is a veiviser.Event with its strings numbered.
type event struct {
	at                          int64 // nanoseconds since 1970
	value                       float64
	typ, item, subject, channel uint32
	attrs                       uint32 // index into Log.attrs, 0 for none
}

// LoadOptions say what to read and how much of it to hold.
type LoadOptions struct {
	Files []string
	Log   eventlog.Options
	// Keep says which visitors are looked at; nil is all.
	Keep func(visitor string) bool
	// MaxEvents bounds what is held; beyond it whole visitors are left out. 0 is 2,000,000 (about 150 MB).
	MaxEvents int
	// Seed varies which visitors are left out.
	Seed uint64
	// Progress is told now and then how many bytes of the files were read.
	Progress func(bytes int64)
}

const (
	defaultMaxEvents = 2_000_000
	maxErrors        = 5
	loadStep         = 1 << 12 // rows between two looks at the clock
)

// FileError is a log that can not be read.
type FileError struct {
	File string
	Err  error
}

// Error names the file.
func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Load reads event logs of any size and order. It holds at most o.MaxEvents events: when there are more it keeps the
// visitors whose id hashes low, with all their events, so that what is held is a fair sample of visitors.
func Load(ctx context.Context, o LoadOptions) (*Log, error) {
	if o.MaxEvents <= 0 {
		o.MaxEvents = defaultMaxEvents
	}
	l := &loader{
		Log: &Log{strings: []string{""}, attrs: []map[string]string{nil}}, most: o.MaxEvents, seed: o.Seed, keep: o.Keep, limit: ^uint64(0),
		numbers: map[string]uint32{"": 0}, index: map[string]*history{},
	}
	var done int64
	for _, name := range o.Files {
		r, err := eventlog.Open(name, o.Log)
		if err != nil {
			return nil, &FileError{name, err}
		}
		err = l.file(ctx, r, func() {
			if o.Progress != nil {
				o.Progress(done + r.Bytes())
			}
		})
		done += r.Bytes()
		if closed := r.Close(); err == nil {
			err = closed
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &FileError{name, err}
		}
	}
	return l.finish(), nil
}

type loader struct {
	*Log
	most    int
	keep    func(string) bool
	seed    uint64
	limit   uint64 // visitors whose hash lies above are left out
	numbers map[string]uint32
	index   map[string]*history
}

func (l *loader) file(ctx context.Context, r *eventlog.Reader, progress func()) error {
	for row, err := range r.Rows() {
		if l.Rows++; l.Rows%loadStep == 0 {
			progress()
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		var wrong *eventlog.RowError
		switch {
		case errors.As(err, &wrong):
			if l.Bad++; len(l.Errors) < maxErrors {
				l.Errors = append(l.Errors, err)
			}
		case err != nil:
			return err
		default:
			l.add(&row)
		}
	}
	progress()
	return nil
}

func (l *loader) add(row *eventlog.Row) {
	if l.hash(row.VisitorID) > l.limit || l.keep != nil && !l.keep(row.VisitorID) {
		return
	}
	h := l.index[row.VisitorID]
	if h == nil {
		h = &history{id: row.VisitorID}
		l.index[h.id] = h
	}
	e := event{
		at: row.Time.UnixNano(), value: row.Value, typ: l.number(row.Type), item: l.number(row.ItemID),
		subject: l.number(row.Subject), channel: l.number(row.Channel),
	}
	if len(row.Attributes) > 0 {
		e.attrs = uint32(len(l.attrs))
		l.attrs = append(l.attrs, row.Attributes)
	}
	h.events = append(h.events, e)
	for l.Events++; l.Events > l.most; {
		l.Sampled = true
		l.limit -= l.limit / 8
		for id, h := range l.index {
			if l.hash(id) > l.limit {
				l.Events -= len(h.events)
				delete(l.index, id)
			}
		}
	}
}

func (l *loader) hash(visitor string) uint64 { return hash(visitor, l.seed) }

// hash numbers a visitor, evenly and without order: FNV-1a, finished by the mixer of SplitMix64 (Steele et al. 2014).
func hash(visitor string, seed uint64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(visitor)) // never fails
	x := h.Sum64() + seed*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (l *loader) number(s string) uint32 {
	n, ok := l.numbers[s]
	if !ok {
		n = uint32(len(l.strings))
		l.strings = append(l.strings, s)
		l.numbers[s] = n
	}
	return n
}

func (l *loader) finish() *Log {
	for _, h := range l.index {
		slices.SortStableFunc(h.events, func(a, b event) int {
			switch {
			case a.at < b.at:
				return -1
			case a.at > b.at:
				return 1
			}
			return 0
		})
		l.visitors = append(l.visitors, *h)
		from, to := time.Unix(0, h.events[0].at).UTC(), time.Unix(0, h.events[len(h.events)-1].at).UTC()
		if l.From.IsZero() || from.Before(l.From) {
			l.From = from
		}
		if to.After(l.To) {
			l.To = to
		}
	}
	slices.SortFunc(l.visitors, func(a, b history) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return l.Log
}

// NumVisitors is the number of visitors held.
func (l *Log) NumVisitors() int { return len(l.visitors) }

// Visitor is the id of the i-th visitor, in the order of their ids.
func (l *Log) Visitor(i int) string { return l.visitors[i].id }

// NumEvents is the number of events of the i-th visitor.
func (l *Log) NumEvents(i int) int { return len(l.visitors[i].events) }

// Event sets e to the k-th event of the i-th visitor, in order of time.
func (l *Log) Event(i, k int, e *veiviser.Event) {
	h := &l.visitors[i]
	c := &h.events[k]
	*e = veiviser.Event{
		VisitorID: h.id, Time: time.Unix(0, c.at).UTC(), Type: l.strings[c.typ], Subject: l.strings[c.subject],
		ItemID: l.strings[c.item], Channel: l.strings[c.channel], Value: c.value, Attributes: l.attrs[c.attrs],
	}
}

// TypeShares counts the events by type.
func (l *Log) TypeShares() map[string]int {
	counts := make(map[string]int)
	for i := range l.visitors {
		for k := range l.visitors[i].events {
			counts[l.strings[l.visitors[i].events[k].typ]]++
		}
	}
	return counts
}

// Subset is the part of the visitors that keep says yes to; it shares its events with l.
func (l *Log) Subset(keep func(visitor string) bool) *Log {
	out := *l
	out.visitors, out.Events = nil, 0
	for i := range l.visitors {
		if keep(l.visitors[i].id) {
			out.visitors = append(out.visitors, l.visitors[i])
			out.Events += len(l.visitors[i].events)
		}
	}
	return &out
}

// visits splits the events of the i-th visitor as the filter does: a longer silence than gap ends a visit. It gives, for
// every event, the index of the last event of its visit.
func (l *Log) visits(i int, gap time.Duration) []int {
	events := l.visitors[i].events
	last := make([]int, len(events))
	end := len(events) - 1
	for k := len(events) - 1; k >= 0; k-- {
		if k+1 < len(events) && time.Duration(events[k+1].at-events[k].at) > gap {
			end = k
		}
		last[k] = end
	}
	return last
}

// ShareOf says which of so many shares a visitor belongs to, from 0, by a hash of her id (FNV-1a 64, then the mixer of
// SplitMix64) that nothing else here uses.
func ShareOf(visitor string, of int) int { return int(hash(visitor, 0x5eed) % uint64(of)) }

var errEmpty = fmt.Errorf("there is no event to look at")
