package surge

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// world draws Poisson counts for streams of a signal: one of the whole, and so many of one dimension.
type world struct {
	rng   *rand.Rand
	watch *Watch
	conf  Config
	now   time.Time
	keys  []string
	rates []float64 // per bucket
	// naive is the rule of thumb for comparison: more than the mean of the last so many buckets and three standard deviations.
	naive map[string]*threeSigma
	hits  int
}

func start() time.Time { return time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC) }

func newWorld(seed uint64, conf Config, rates []float64) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 12)), watch: New(), conf: conf, now: start(), rates: rates, naive: map[string]*threeSigma{},
	}
	for i := range rates {
		w.keys = append(w.keys, Complaints+"/"+Topic+"/t"+strconv.Itoa(i))
	}
	w.watch.Advance(w.now, conf)
	return w
}

// step draws one bucket in which the first stream has factor times its rate.
func (w *world) step(factor float64) {
	counts := map[string]int64{}
	for i, key := range w.keys {
		rate := w.rates[i]
		if i == 0 {
			rate *= factor
		}
		if n := poisson(w.rng, rate); n > 0 {
			counts[key] = n
			counts[Complaints+"/"+All+"/"] += n
		}
	}
	for _, key := range w.keys {
		t := w.naive[key]
		if t == nil {
			t = &threeSigma{}
			w.naive[key] = t
		}
		if t.add(float64(counts[key]), w.conf) {
			w.hits++
		}
	}
	w.watch.Waiting[w.now.UnixMilli()] = counts
	w.now = w.now.Add(w.conf.Bucket)
	w.watch.Advance(w.now, w.conf)
}

// threeSigma is the rule of thumb.
type threeSigma struct{ sum, squares, seen float64 }

func (t *threeSigma) add(n float64, c Config) bool {
	fade := math.Exp2(-float64(c.Bucket) / float64(c.Memory))
	hit := false
	if t.seen > 20 {
		mean := t.sum / t.seen
		hit = n > mean+3*math.Sqrt(max(0, t.squares/t.seen-mean*mean)) && n > 0
	}
	t.sum, t.squares, t.seen = t.sum*fade+n, t.squares*fade+n*n, t.seen*fade+1
	return hit
}

func poisson(rng *rand.Rand, rate float64) int64 {
	if rate > 30 {
		return max(0, int64(math.Round(rate+math.Sqrt(rate)*rng.NormFloat64())))
	}
	limit, p := math.Exp(-rate), rng.Float64()
	n := int64(0)
	for p > limit {
		n++
		p *= rng.Float64()
	}
	return n
}

// mixed are rates per hour from a complaint a month to four an hour.
func mixed(n int) []float64 {
	rates := make([]float64, n)
	for i := range rates {
		rates[i] = math.Pow(10, -3+3.6*float64(i)/float64(n-1))
	}
	return rates
}

// While nothing is unusual, the streams together raise no more false alarms than allowed, from the first bucket on: the usual
// rates are learned from nothing, and fade. n is 2 × 3 × 60 = 360 stream-years in buckets of an hour, and the alarms of the whole
// signal beside them; the allowance is 12 a year, so that there would be enough to count.
func TestFalseAlarms(t *testing.T) {
	const years, streams, worlds = 3, 60, 2
	conf := Config{Bucket: time.Hour, Memory: 7 * 24 * time.Hour, FalseAlarms: 12, LeastEvents: 5}
	buckets := int(years * year / conf.Bucket)
	alarms, naive, steps := 0, 0, 0
	for seed := range uint64(worlds) {
		w := newWorld(seed, conf, mixed(streams))
		raised := map[string]bool{}
		for range buckets {
			w.step(1)
			for _, a := range w.watch.Alerts {
				raised[a.ID] = true
			}
		}
		alarms, naive, steps = alarms+len(raised), naive+w.hits, steps+buckets*streams
	}
	allowed := float64(worlds*years) * conf.FalseAlarms
	t.Logf("%d stream-years, %d counts: %d false alarms, %.0f allowed; the three-sigma rule raised %d", worlds*years*streams, steps, alarms, allowed, naive)
	if float64(alarms) > allowed {
		t.Errorf("%d false alarms, at most %.0f are allowed", alarms, allowed)
	}
}

// A surge is noticed soon, and the sooner the larger it is; when it is gone the alarm is over. Every figure is the median and the
// largest delay of 5 surges, with three weeks to learn the usual rate beforehand and 1 false alarm a year allowed.
func TestDelay(t *testing.T) {
	conf := Config{Bucket: 10 * time.Minute, Memory: 7 * 24 * time.Hour, FalseAlarms: 1, LeastEvents: 5}
	for _, tt := range []struct {
		perHour, factor float64
		within          time.Duration // of the median
	}{
		{0.1, 8, 30 * time.Hour},
		{0.1, 50, 4 * time.Hour},
		{1, 3, 36 * time.Hour},
		{1, 5, 12 * time.Hour},
		{1, 10, 3 * time.Hour},
		{10, 2, 12 * time.Hour},
		{10, 3, 4 * time.Hour},
		{10, 5, 2 * time.Hour},
		{100, 2, 90 * time.Minute},
	} {
		var delays, overs []time.Duration
		for seed := range uint64(5) {
			rates := mixed(20)
			for i := range rates {
				rates[i] /= 6
			}
			rates[0] = tt.perHour / 6
			w := newWorld(seed, conf, rates)
			for range 3 * 7 * 24 * 6 {
				w.step(1)
			}
			delay, over := w.surge(tt.factor)
			delays, overs = append(delays, delay), append(overs, over)
		}
		median, worst := middle(delays)
		back, _ := middle(overs)
		t.Logf("%5.1f an hour × %2.0f: noticed after %v (at most %v), over %v after it was gone", tt.perHour, tt.factor, median, worst, back)
		if median > tt.within {
			t.Errorf("%v an hour × %v: noticed after %v, want %v", tt.perHour, tt.factor, median, tt.within)
		}
	}
}

// surge lets the first stream surge until it is noticed, and two hours more, and then be usual until the alarm is over.
func (w *world) surge(factor float64) (noticed, over time.Duration) {
	const patience = 30 * 24 * 6
	began := w.now
	s := w.watch.Streams[w.keys[0]]
	for i := 0; i < patience && (s == nil || s.Alarm == nil); i++ {
		w.step(factor)
		s = w.watch.Streams[w.keys[0]]
	}
	noticed = w.now.Sub(began)
	for range 12 {
		w.step(factor)
	}
	gone := w.now
	for i := 0; i < patience && s.Alarm != nil; i++ {
		w.step(1)
	}
	return noticed, w.now.Sub(gone)
}

func middle(d []time.Duration) (median, worst time.Duration) {
	sorted := sortedDurations(d)
	return sorted[len(sorted)/2], sorted[len(sorted)-1]
}
