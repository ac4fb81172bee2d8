package surge

import (
	"math"
	"time"
)

const (
	// Caution is how many standard deviations of what is known of a rate are added to its mean.
	Caution = 2.0
	// backEvidence is by what the usual rate must be likelier than half of the surge for an alarm to be over, as a logarithm.
	backEvidence = 3.0
	// maxEvidence bounds the evidence, so that it stays a number however long a surge lasts.
	maxEvidence = 1e200
	// leastRatio is the smallest of Ratios.
	leastRatio = 1.5
)

// Ratios are how many times the usual rate an alarm looks for; each has the same weight.
func Ratios() [numRatios]float64 { return [numRatios]float64{leastRatio, 2, 3, 5, 8} }

const numRatios = 5

// stream is one stream of counts. Rates are per bucket.
type stream struct {
	// Count and Seen are what the usual rate is learned from: events and buckets, both fading.
	Count float64 `json:"c"`
	Seen  float64 `json:"s"`
	// Evidence is the e-detector, by ratio.
	Evidence [numRatios]float64 `json:"e"`
	// Run says since when the counts speak for a doubled rate: a CUSUM, with what came and what would have been usual.
	Run run `json:"r"`
	// Alarm is set while there is one.
	Alarm *alarm `json:"a,omitempty"`
}

// run is a stretch of buckets.
type run struct {
	Score float64   `json:"s"`
	Since time.Time `json:"t"`
	// Events came, Usual would have been usual.
	Events int64   `json:"n"`
	Usual  float64 `json:"u"`
}

// alarm is what a stream remembers of an alarm that is not over.
type alarm struct {
	ID string `json:"id"`
	// Mean and Cautious are the usual rate as it was when the alarm was raised.
	Mean     float64 `json:"m"`
	Cautious float64 `json:"c"`
	// Back is the evidence that the rate is the usual one again.
	Back float64 `json:"b"`
	// Peak is how many times the usual rate the surge is, at its most.
	Peak float64 `json:"p"`
	// Buckets and Events are those since it was raised.
	Buckets float64   `json:"k"`
	Events  float64   `json:"n"`
	Raised  time.Time `json:"t"`
}

// rate is the usual rate: its mean and its cautious value, given what is to be expected of a stream nothing is known of (0 is
// nothing).
func (s *stream) rate(expected float64) (mean, cautious float64) {
	count, seen := s.Count, s.Seen
	if expected > 0 {
		count, seen = count+1, seen+1/expected
	} else {
		count++
	}
	if seen <= 0 {
		return math.Inf(1), math.Inf(1)
	}
	return count / seen, (count + Caution*math.Sqrt(count)) / seen
}

// learn takes a count into the usual rate; fade is what is left of the past after a bucket.
func (s *stream) learn(n int64, fade float64) {
	s.Count, s.Seen = s.Count*fade+float64(n), s.Seen*fade+1
}

// weigh takes a count into the evidence and gives it: the mean over the ratios.
func (s *stream) weigh(n int64, mean, cautious float64, from time.Time) float64 {
	sum := 0.0
	for i, r := range Ratios() {
		e := (s.Evidence[i] + 1) * math.Exp(float64(n)*math.Log(r)-cautious*(r-1))
		s.Evidence[i] = min(e, maxEvidence)
		sum += s.Evidence[i]
	}
	s.Run.add(n, mean, cautious, from)
	return sum / numRatios
}

// add goes on with a run, or begins it anew.
func (r *run) add(n int64, mean, cautious float64, from time.Time) {
	if r.Score <= 0 {
		*r = run{Since: from}
	}
	r.Score = min(maxEvidence, r.Score+float64(n)*math.Ln2-cautious)
	r.Events += n
	r.Usual += mean
}

// rest ends all evidence.
func (s *stream) rest() { s.Evidence, s.Run = [numRatios]float64{}, run{} }

// back takes a count into the evidence that an alarm is over, and reports whether it is.
func (a *alarm) back(n int64) bool {
	ratio := max(leastRatio, a.Peak/2)
	a.Buckets++
	a.Events += float64(n)
	a.Back = max(0, a.Back+a.Cautious*(ratio-1)-float64(n)*math.Log(ratio))
	return a.Back >= backEvidence
}
