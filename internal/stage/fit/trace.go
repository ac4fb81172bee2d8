package fit

import (
	"encoding/binary"
	"iter"
	"slices"
	"time"
)

// Step is one event of a need.
type Step struct {
	// Opens makes it the first event of a need.
	Opens bool
	// Pause is the time since the need's event before; the first has none.
	Pause time.Duration
	// Signals are what the event showed, as indexes into Journey.Signals, each once.
	Signals []int32
}

// Need is the events of one decision of one visitor, in their order.
type Need struct {
	Visitor int
	Steps   []Step
}

// Trace holds the needs of one journey, about 30 bytes a step and 100 a need. The zero value is empty.
type Trace struct {
	need  []int32 // by step, in the order of adding
	pause []time.Duration
	shown []int32 // by step: which set of signals

	visitor []int32 // by need
	open    map[needKey]int32

	sets  []int32 // signals of all sets, one set after the other
	ends  []int32 // where each set ends
	known map[string]int32
	room  []byte
	most  int32 // highest signal + 1
}

type needKey struct {
	visitor int
	need    string
}

// Add appends an event to the visitor's need of that key, usually its subject. An event that opens a need, or has none
// to go to, begins a new one. Events of different needs may come mixed.
func (t *Trace) Add(visitor int, need string, s Step) {
	if t.open == nil {
		t.open, t.known = map[needKey]int32{}, map[string]int32{}
	}
	key := needKey{visitor: visitor, need: need}
	n, has := t.open[key]
	if s.Opens || !has {
		n = int32(len(t.visitor))
		t.visitor = append(t.visitor, int32(visitor))
		t.open[key] = n
	}
	t.need = append(t.need, n)
	t.pause = append(t.pause, s.Pause)
	t.shown = append(t.shown, t.set(s.Signals))
}

// set gives the number of a set of signals.
func (t *Trace) set(signals []int32) int32 {
	if !slices.IsSorted(signals) {
		signals = slices.Sorted(slices.Values(signals))
	}
	t.room = t.room[:0]
	last := int32(-1)
	for _, s := range signals {
		if s > last { // neither negative nor twice
			t.room = binary.AppendUvarint(t.room, uint64(s))
			last = s
		}
	}
	if id, ok := t.known[string(t.room)]; ok {
		return id
	}
	for rest := t.room; len(rest) > 0; {
		s, size := binary.Uvarint(rest)
		t.sets = append(t.sets, int32(s))
		rest = rest[size:]
	}
	id := int32(len(t.ends))
	t.known[string(t.room)] = id
	t.ends = append(t.ends, int32(len(t.sets)))
	t.most = max(t.most, last+1)
	return id
}

// signals are those of a set.
func (t *Trace) signals(set int32) []int32 {
	from := int32(0)
	if set > 0 {
		from = t.ends[set-1]
	}
	return t.sets[from:t.ends[set]:t.ends[set]]
}

// Steps and Needs count what was added.
func (t *Trace) Steps() int { return len(t.need) }

// Needs counts the needs.
func (t *Trace) Needs() int { return len(t.visitor) }

// All gives the needs in the order in which they were opened. The steps are valid until the next need.
func (t *Trace) All() iter.Seq[Need] {
	return func(yield func(Need) bool) {
		l := t.arrange()
		var steps []Step
		for i, v := range t.visitor {
			steps = steps[:0]
			for k := l.start[i]; k < l.start[i+1]; k++ {
				steps = append(steps, Step{Opens: k == l.start[i], Pause: l.pause[k], Signals: t.signals(l.shown[k])})
			}
			if !yield(Need{Visitor: int(v), Steps: steps}) {
				return
			}
		}
	}
}

// lane is a trace need by need.
type lane struct {
	start []int32 // by need, and the end
	pause []time.Duration
	shown []int32
	cut   int // the need that the second half begins with
	long  int // steps of the longest need
}

func (t *Trace) arrange() *lane {
	l := &lane{
		start: make([]int32, len(t.visitor)+1), pause: make([]time.Duration, len(t.need)), shown: make([]int32, len(t.need)),
	}
	for _, n := range t.need {
		l.start[n+1]++
	}
	for n := range t.visitor {
		l.long = max(l.long, int(l.start[n+1]))
		l.start[n+1] += l.start[n]
	}
	next := slices.Clone(l.start)
	for i, n := range t.need {
		l.pause[next[n]], l.shown[next[n]] = t.pause[i], t.shown[i]
		next[n]++
	}
	for l.cut < len(t.visitor) && int(l.start[l.cut]) < len(t.need)/2 {
		l.cut++
	}
	return l
}
