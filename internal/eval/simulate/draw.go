package simulate

import "math/rand/v2"

// What draws are for: every purpose has a stream of its own, so that one more draw for one leaves the others as they are.
const (
	forWorld = iota + 1
	forArrival
	forBuyer
	forBefore
	forClick
	forMove
	forAfter
	forDrift
	forPolicy
)

// Mix is a 64-bit hash of numbers (the finaliser of splitmix64, chained).
func Mix(parts ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		h += p + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// Stream is the random source of a purpose.
func Stream(seed uint64, parts ...uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, Mix(parts...)))
}

// Pick draws an index with probability proportional to its weight.
func Pick(r *rand.Rand, weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	u := r.Float64() * total
	for i, w := range weights {
		if u < w {
			return i
		}
		u -= w
	}
	last := 0 // rounding: the last that can be
	for i, w := range weights {
		if w > 0 {
			last = i
		}
	}
	return last
}
