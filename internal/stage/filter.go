package stage

import (
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// leastFactor and mostFactor bound what one event may multiply the probability of a stage with.
	leastFactor, mostFactor = 1e-9, 1e9
	// scratch is the number of stages up to which a step needs no allocation.
	scratch = 32
)

// drift lets the belief p rest for dt: p ← λp + (1−λ)·rest, λ = 2^(−dt/half-life).
func (j *journey) drift(p []float64, dt time.Duration) {
	if dt <= 0 {
		return
	}
	keep := math.Exp2(-float64(dt) / j.halfLife)
	for i := range p {
		p[i] = float64(keep*p[i]) + float64((1-keep)*j.rest[i])
	}
}

// move takes the one step that an event stands for: p ← p·T.
func (j *journey) move(p []float64) {
	if j.static {
		return
	}
	var room [scratch]float64
	next := room[:]
	if len(p) > scratch {
		next = make([]float64, len(p))
	}
	next = next[:len(p)]
	for i, mass := range p {
		row := j.moves[i*len(p) : (i+1)*len(p)]
		row = row[:len(next)]
		for k := range next {
			next[k] += float64(mass * row[k])
		}
	}
	copy(p, next)
}

// observe multiplies the belief by every signal the event shows, and by what she told with it, and notes what each did.
func (j *journey) observe(n *veiviser.Need, f *facts) {
	shown, typed := j.byType[f.event.Type]
	if !typed {
		shown = j.anyType
	}
	var room [scratch]float64
	var factor []float64 // what this event multiplied so far; made when a second signal shows
	seen := 0
	for _, i := range shown {
		s := &j.signals[i]
		if !s.match.holds(f, true) {
			continue
		}
		if f.trace != nil {
			f.shown = append(f.shown, i)
		}
		if seen++; seen == 1 {
			factor = startFactors(room[:0], len(n.P))
		}
		if stage, weight := s.weigh(n.P, factor, j.prior); stage >= 0 {
			remember(n, s.id, j.stages[stage], weight, f.time)
		}
	}
	if f.told != nil {
		j.listen(n, f)
	}
	if f.trace != nil {
		f.trace(Step{Journey: j.id, Subject: n.Subject, Opens: f.first, Pause: f.pause, Signals: f.shown})
		f.shown = f.shown[:0]
	}
}

func startFactors(room []float64, n int) []float64 {
	if n > cap(room) {
		room = make([]float64, 0, n)
	}
	room = room[:n]
	for i := range room {
		room[i] = 1
	}
	return room
}

// weigh multiplies p by the likelihood of the signal and makes it sum to 1 again. factor is the product of the signals
// of the same event so far, which it keeps in bounds. It returns the stage whose probability rose most and the log of
// how many times it rose; -1 when none rose.
func (s *signal) weigh(p, factor, prior []float64) (stage int, weight float64) {
	sum := 0.0
	likelihood := s.likelihood[:len(p)]
	factor = factor[:len(p)]
	for i, l := range likelihood {
		sum += float64(p[i] * bounded(factor[i], l))
	}
	if !(sum > 1e-290 && sum <= math.MaxFloat64) {
		copy(p, prior)
		return -1, 0
	}
	stage, best, ratio := -1, 1e-12, 0.0
	for i, l := range likelihood {
		l = bounded(factor[i], l)
		factor[i] *= l
		after := p[i] * (l / sum)
		if rise := after - p[i]; rise > best {
			stage, best, ratio = i, rise, after/p[i]
		}
		p[i] = after
	}
	if stage < 0 {
		return -1, 0
	}
	return stage, math.Log(ratio)
}

// bounded is the part of the likelihood l that may still be multiplied onto factor.
func bounded(factor, l float64) float64 {
	switch product := factor * l; {
	case product > mostFactor:
		return mostFactor / factor
	case product < leastFactor:
		return leastFactor / factor
	}
	return l
}

// settle makes p a distribution: not negative, of sum 1. What is no number, or carries no mass at all, becomes prior.
func settle(p, prior []float64) {
	sum := 0.0
	for _, x := range p {
		if !(x >= 0 && x <= math.MaxFloat64) {
			copy(p, prior)
			return
		}
		sum += x
	}
	if !(sum > 1e-290 && sum <= math.MaxFloat64) {
		copy(p, prior)
		return
	}
	for i := range p {
		p[i] /= sum
	}
}

// remember writes that a signal fired: with its last entry when it is remembered, at the end, for at most MaxEvidence.
func remember(n *veiviser.Need, signal, stage string, weight float64, t time.Time) {
	entry := veiviser.Evidence{Signal: signal, Time: t, Count: 1, Stage: stage, Weight: weight}
	at := -1
	for i := range n.Evidence {
		if n.Evidence[i].Signal == signal {
			at = i
			break
		}
	}
	if at >= 0 {
		old := &n.Evidence[at]
		entry.Count = more(old.Count, 1)
		entry.Weight += old.Weight
		if old.Time.After(t) {
			entry.Time = old.Time
		}
	} else if len(n.Evidence) >= veiviser.MaxEvidence {
		at = len(n.Evidence) - veiviser.MaxEvidence
	}
	if at >= 0 {
		copy(n.Evidence[at:], n.Evidence[at+1:])
		n.Evidence[len(n.Evidence)-1] = entry
		return
	}
	if n.Evidence == nil {
		n.Evidence = make([]veiviser.Evidence, 0, veiviser.MaxEvidence)
	}
	n.Evidence = append(n.Evidence, entry)
}

// more adds to a counter that stops at its end rather than start again.
func more(count, by uint32) uint32 {
	if count > math.MaxUint32-by {
		return math.MaxUint32
	}
	return count + by
}
