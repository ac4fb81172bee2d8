package store

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	minOutcomeRule = 3
	minScored      = 9
)

// terms writes t; they stand in every answer and every line about a decision, so their numbers are written short.
func (w *writer) terms(t *veiviser.Terms) {
	w.uint(uint64(len(t.Outcomes)))
	for i := range t.Outcomes {
		w.string(t.Outcomes[i].Type)
		w.number(t.Outcomes[i].Weight)
		w.duration(t.Outcomes[i].Window)
	}
	w.duration(t.ProgressWindow)
	w.number(t.ProgressWeight)
	w.duration(t.LiftWindow)
	w.string(t.LiftOutcome)
}

func (r *reader) terms(t *veiviser.Terms) {
	if n := r.count(minOutcomeRule); n > 0 {
		t.Outcomes = make([]veiviser.OutcomeRule, n)
		for i := range t.Outcomes {
			t.Outcomes[i] = veiviser.OutcomeRule{Type: r.string(), Weight: r.number(), Window: r.duration()}
		}
	}
	t.ProgressWindow = r.duration()
	t.ProgressWeight = r.number()
	t.LiftWindow = r.duration()
	t.LiftOutcome = r.string()
}

// scored writes slots as varints: those of a short list lie anywhere in the catalogue.
func (w *writer) scored(list []veiviser.Scored) {
	w.uint(uint64(len(list)))
	for i := range list {
		w.uint(uint64(uint32(list[i].Slot)))
		w.float32(list[i].Mean)
		w.float32(list[i].Var)
	}
}

func (r *reader) scored() []veiviser.Scored {
	n := r.count(minScored)
	if n == 0 {
		return nil
	}
	list := make([]veiviser.Scored, n)
	for i := range list {
		list[i] = veiviser.Scored{Slot: int32(r.uint32()), Mean: r.float32(), Var: r.float32()}
	}
	return list
}

// Numbers that people write have few decimals. Such a one is written as twice its ten-thousandths, any other as 1 and its
// bits.
const (
	decimals    = 10_000
	longNumber  = 1
	maxDecimals = 1 << 50
)

func (w *writer) number(f float64) {
	if n := math.RoundToEven(f * decimals); math.Abs(n) < maxDecimals {
		if z := int64(n); math.Float64bits(float64(z)/decimals) == math.Float64bits(f) {
			w.uint((uint64(z<<1) ^ uint64(z>>63)) << 1)
			return
		}
	}
	w.uint(longNumber)
	w.float(f)
}

func (r *reader) number() float64 {
	n := r.uint()
	if n == longNumber {
		return r.float()
	}
	if n&1 == 1 {
		r.fail(errTruncated)
		return 0
	}
	n >>= 1
	return float64(int64(n>>1)^-int64(n&1)) / decimals
}

// Durations: 0 is followed by nanoseconds, anything else is seconds plus 1.
func (w *writer) duration(d time.Duration) {
	if d%time.Second == 0 {
		s := int64(d / time.Second)
		w.uint((uint64(s<<1) ^ uint64(s>>63)) + 1)
		return
	}
	w.uint(0)
	w.int(int64(d))
}

func (r *reader) duration() time.Duration {
	n := r.uint()
	if n == 0 {
		return time.Duration(r.int())
	}
	n--
	s := int64(n>>1) ^ -int64(n&1)
	if s > int64(math.MaxInt64/time.Second) || s < int64(math.MinInt64/time.Second) {
		r.fail(errTruncated)
		return 0
	}
	return time.Duration(s) * time.Second
}

func (w *writer) float32(f float32) {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, math.Float32bits(f))
}

func (r *reader) float32() float32 {
	s := r.bytes(4)
	if len(s) < 4 {
		return 0
	}
	return math.Float32frombits(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
}

// encodeClosed writes something that came of a decision.
func encodeClosed(c *veiviser.ClosedDecision) []byte {
	w := writer{buf: make([]byte, 0, 64)}
	w.byte(codecVersion)
	w.string(c.AnswerID)
	w.int(int64(c.Index))
	w.float(c.Reward)
	w.strings(c.Outcomes)
	w.float(math.Float64frombits(c.Unit))
	w.bool(c.Over)
	w.seal(0)
	return w.buf
}

// decodeClosed reads what encodeClosed wrote.
func decodeClosed(s string) (c veiviser.ClosedDecision, err error) {
	body, err := unseal(s)
	if err != nil {
		return c, corrupt(err)
	}
	r := reader{s: body}
	if !r.payload() {
		return c, corrupt(errVersion)
	}
	c = veiviser.ClosedDecision{AnswerID: r.string(), Index: int(r.int()), Reward: r.float(), Outcomes: r.strings()}
	c.Unit = math.Float64bits(r.float())
	c.Over = r.bool()
	if err := r.done(); err != nil {
		return veiviser.ClosedDecision{}, corrupt(err)
	}
	return c, nil
}
