package surge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What there is to watch.
const (
	Complaints = "complaints"
	Feedback   = "feedback"

	All     = "all"
	Topic   = "topic"
	Region  = "region"
	Segment = "segment"
	Channel = "channel"
)

// Bounds of a watch.
const (
	// MaxStreams is how many streams are watched; those with the fewest events go.
	MaxStreams = 2000
	// MaxAlerts is how many alerts are kept, Keep how long those that are over are.
	MaxAlerts = 1000
	Keep      = 30 * 24 * time.Hour

	// maxWaiting is how many streams one bucket counts before it is closed; what is beyond is not counted.
	maxWaiting = 4 * MaxStreams
	// maxHeard is how many events one bucket tells apart; what is beyond counts as often as it comes.
	maxHeard = 4096
	// maxGap is how many buckets without any event are closed one by one; a longer gap is a time that nobody watched.
	maxGap = 10_000
	year   = 365.25 * 24 * time.Hour
)

// Config is how to watch; see [veiviser.Crisis], whose defaults must be filled in.
type Config struct {
	// Bucket is the step of counting, Memory the half-life of the usual rate.
	Bucket, Memory time.Duration
	// FalseAlarms are those allowed a year.
	FalseAlarms float64
	// LeastEvents is how many events an alarm needs at least.
	LeastEvents int64
}

// Event is one event that is watched. What is empty is not known and not counted.
type Event struct {
	// Signal is Complaints or Feedback.
	Signal string
	// Topics are the subject and those above it.
	Topics   []string
	Region   string
	Segments []string
	Channel  string
	// Same is whose it is and what it is about, as a hash: of the same only the first of a bucket counts. 0 is not known.
	Same uint64
}

// Watch watches. It belongs to one goroutine. Its exported fields are for keeping it; nobody else may change them.
type Watch struct {
	Bucket time.Duration `json:"bucket"`
	// Closed is up to when buckets are closed.
	Closed  time.Time          `json:"closed"`
	Streams map[string]*stream `json:"streams"`
	// Waiting are the counts of buckets that are not closed, by the Unix time at which they begin, in milliseconds.
	Waiting map[int64]map[string]int64 `json:"waiting"`
	// Heard are the hashes of what was counted in them.
	Heard  map[int64]map[uint64]bool `json:"heard,omitempty"`
	Alerts []veiviser.Alert          `json:"alerts"`
	// Floor is the most that a stream which had to go had counted: so much may have been forgotten of one that is new.
	Floor float64 `json:"floor"`
}

// New watches nothing yet.
func New() *Watch {
	return &Watch{Streams: map[string]*stream{}, Waiting: map[int64]map[string]int64{}, Heard: map[int64]map[uint64]bool{}}
}

// Observe counts an event in the bucket of the time at, or in the first that is not closed. It does nothing before the first
// Advance.
func (w *Watch) Observe(at time.Time, e Event) {
	if w.Bucket <= 0 || e.Signal == "" {
		return
	}
	from := at.Truncate(w.Bucket)
	if from.Before(w.Closed) {
		from = w.Closed
	}
	if w.heard(from, &e) {
		return
	}
	counts := w.Waiting[from.UnixMilli()]
	if counts == nil {
		counts = map[string]int64{}
		w.Waiting[from.UnixMilli()] = counts
	}
	count := func(dimension, value string) {
		key := e.Signal + "/" + dimension + "/" + value
		if _, there := counts[key]; there || len(counts) < maxWaiting {
			counts[key]++
		}
	}
	count(All, "")
	for _, t := range e.Topics {
		count(Topic, t)
	}
	for _, s := range e.Segments {
		count(Segment, s)
	}
	if e.Region != "" {
		count(Region, e.Region)
	}
	if e.Channel != "" {
		count(Channel, e.Channel)
	}
}

// heard notes an event of the bucket that begins at from, and reports whether the same was noted before.
func (w *Watch) heard(from time.Time, e *Event) bool {
	if e.Same == 0 {
		return false
	}
	hash := e.Same ^ veiviser.HashID(e.Signal)
	if w.Heard == nil {
		w.Heard = map[int64]map[uint64]bool{}
	}
	all := w.Heard[from.UnixMilli()]
	switch {
	case all[hash]:
		return true
	case len(all) >= maxHeard:
		return false
	case all == nil:
		all = map[uint64]bool{}
		w.Heard[from.UnixMilli()] = all
	}
	all[hash] = true
	return false
}

// Advance closes the buckets that are over at now, and reports whether anything changed. All events of them must have been
// observed. With another bucket than before, watching goes on with the rates that were learned, and no evidence.
func (w *Watch) Advance(now time.Time, c Config) bool {
	closed := false
	if w.Bucket != c.Bucket {
		w.rebucket(now, c.Bucket)
		closed = true
	}
	end := now.Truncate(c.Bucket)
	for w.Closed.Before(end) {
		if w.skip(end) {
			continue
		}
		from := w.Closed
		counts := w.Waiting[from.UnixMilli()]
		delete(w.Waiting, from.UnixMilli())
		delete(w.Heard, from.UnixMilli())
		w.Closed = from.Add(c.Bucket)
		w.close(counts, from, c)
		closed = true
	}
	if closed {
		w.forget(now)
	}
	return closed
}

// skip passes over a long time in which nothing was counted, up to the next bucket with a count or to end.
func (w *Watch) skip(end time.Time) bool {
	next := end
	for ms := range w.Waiting {
		if at := time.UnixMilli(ms).UTC(); at.Before(next) {
			next = at
		}
	}
	if next.Sub(w.Closed)/w.Bucket <= maxGap {
		return false
	}
	w.Closed = next
	for _, s := range w.Streams {
		if s.Alarm == nil {
			s.rest()
		}
	}
	return true
}

// rebucket goes on with buckets of another length.
func (w *Watch) rebucket(now time.Time, bucket time.Duration) {
	if w.Bucket > 0 {
		scale := float64(w.Bucket) / float64(bucket)
		for _, s := range w.Streams {
			s.Seen *= scale
			s.rest()
			if a := s.Alarm; a != nil {
				a.Mean, a.Cautious, a.Buckets = a.Mean/scale, a.Cautious/scale, a.Buckets*scale
			}
		}
	}
	w.Bucket, w.Closed = bucket, now.Truncate(bucket)
	w.Waiting, w.Heard = map[int64]map[string]int64{}, map[int64]map[uint64]bool{}
	for _, signal := range [...]string{Complaints, Feedback} { // what does not come is known from now on, too
		if key := signal + "/" + All + "/"; w.Streams[key] == nil {
			w.Streams[key] = &stream{}
		}
	}
}

// close takes in the counts of one bucket.
func (w *Watch) close(counts map[string]int64, from time.Time, c Config) {
	fade := math.Exp2(-float64(c.Bucket) / float64(c.Memory))
	w.Floor *= fade
	w.admit(counts)
	expected := w.expected()
	threshold := float64(max(1, len(w.Streams))) * float64(year) / float64(c.Bucket) / c.FalseAlarms
	for _, key := range sortedKeys(w.Streams) {
		s, n := w.Streams[key], counts[key]
		if s.Alarm != nil {
			w.during(s, n, c)
			continue
		}
		mean, cautious := s.rate(expected[group(key)])
		if !math.IsInf(cautious, 0) {
			evidence := s.weigh(n, mean, cautious, from)
			if evidence >= threshold && s.Run.Events >= c.LeastEvents && n > 0 {
				w.raise(key, s, mean, cautious, evidence, threshold)
				continue // what raised it is not usual
			}
		}
		s.learn(n, fade)
	}
}

// admit makes streams for what is counted first. That it was not counted before is what is known of it: nothing came of it for
// as long as its signal has been watched. The streams of the fewest events go when there are too many.
func (w *Watch) admit(counts map[string]int64) {
	for _, key := range sortedKeys(counts) {
		if w.Streams[key] != nil {
			continue
		}
		s := &stream{Count: w.Floor}
		if whole := w.Streams[whole(key)]; whole != nil {
			s.Seen = whole.Seen
		}
		w.Streams[key] = s
	}
	excess := len(w.Streams) - MaxStreams
	if excess <= 0 {
		return
	}
	keys := sortedKeys(w.Streams)
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Compare(w.Streams[a].weight(counts[a]), w.Streams[b].weight(counts[b]))
	})
	for _, key := range keys[:excess] {
		w.Floor = max(w.Floor, w.Streams[key].Count)
		delete(w.Streams, key)
	}
}

// weight is by what a stream keeps its place.
func (s *stream) weight(n int64) float64 {
	if s.Alarm != nil {
		return math.Inf(1)
	}
	return s.Count + float64(n)
}

// expected is the rate to be expected of a stream nothing is known of, by its group: that of the whole of its signal, divided
// among the streams of its dimension.
func (w *Watch) expected() map[string]float64 {
	size := map[string]float64{}
	for key := range w.Streams {
		size[group(key)]++
	}
	out := map[string]float64{}
	for g, n := range size {
		signal, dimension, _ := strings.Cut(g, "/")
		all := w.Streams[signal+"/"+All+"/"]
		if dimension == All || all == nil || all.Seen <= 0 {
			continue
		}
		out[g] = (all.Count + 1) / all.Seen / (n + 1)
	}
	return out
}

// group is signal and dimension of a stream, whole the stream of its whole signal.
func group(key string) string {
	i := strings.IndexByte(key, '/')
	j := strings.IndexByte(key[i+1:], '/')
	return key[:i+1+j]
}

func whole(key string) string {
	signal, _, _ := strings.Cut(key, "/")
	return signal + "/" + All + "/"
}

// raise begins an alarm.
func (w *Watch) raise(key string, s *stream, mean, cautious, evidence, threshold float64) {
	parts := strings.SplitN(key, "/", 3)
	sum := sha256.Sum256([]byte(key + "\x00" + s.Run.Since.Format(time.RFC3339)))
	a := veiviser.Alert{
		ID: "surge-" + hex.EncodeToString(sum[:8]), Kind: veiviser.AlertSurge, Signal: parts[0], Dimension: parts[1], Value: parts[2],
		Since: s.Run.Since, Events: s.Run.Events, Usual: s.Run.Usual, Factor: float64(s.Run.Events) / s.Run.Usual,
		Evidence: math.Log(evidence), Threshold: math.Log(threshold),
	}
	s.Alarm = &alarm{ID: a.ID, Mean: mean, Cautious: cautious, Peak: a.Factor, Raised: w.Closed}
	w.Alerts = append(w.Alerts, a)
}

// during goes on with an alarm: it may be over, or last for so long that it is the usual.
func (w *Watch) during(s *stream, n int64, c Config) {
	a := s.Alarm
	evidence := s.weigh(n, a.Mean, a.Cautious, w.Closed)
	over := a.back(n)
	stays := !over && w.Closed.Sub(a.Raised) > c.Memory
	if i := slices.IndexFunc(w.Alerts, func(x veiviser.Alert) bool { return x.ID == a.ID }); i >= 0 {
		x := &w.Alerts[i]
		x.Events += n
		x.Usual += a.Mean
		x.Factor = float64(x.Events) / x.Usual
		x.Evidence = max(x.Evidence, math.Log(evidence))
		a.Peak = max(a.Peak, x.Factor)
		if over || stays {
			x.Over = w.Closed
		}
	}
	if stays {
		s.Count, s.Seen = a.Events, a.Buckets
	}
	if over || stays {
		s.Alarm = nil
		s.rest()
	}
}

// forget drops alerts that have been over for long, and the oldest beyond what is kept.
func (w *Watch) forget(now time.Time) {
	w.Alerts = slices.DeleteFunc(w.Alerts, func(a veiviser.Alert) bool { return !a.Over.IsZero() && now.Sub(a.Over) > Keep })
	for len(w.Alerts) > MaxAlerts {
		i := slices.IndexFunc(w.Alerts, func(a veiviser.Alert) bool { return !a.Over.IsZero() })
		w.Alerts = slices.Delete(w.Alerts, max(i, 0), max(i, 0)+1)
	}
}

// List is a copy of the alerts: open ones first, the newest first.
func (w *Watch) List() []veiviser.Alert {
	out := slices.Clone(w.Alerts)
	Sort(out)
	return out
}

// Sort puts open alerts first, and the newest first.
func Sort(list []veiviser.Alert) {
	slices.SortStableFunc(list, func(a, b veiviser.Alert) int {
		switch open := a.Over.IsZero(); {
		case open != b.Over.IsZero() && open:
			return -1
		case open != b.Over.IsZero():
			return 1
		case !a.Since.Equal(b.Since):
			return b.Since.Compare(a.Since)
		default:
			return strings.Compare(a.ID, b.ID)
		}
	})
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
