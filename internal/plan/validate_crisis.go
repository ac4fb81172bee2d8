package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What the crisis of a plan may hold at most; relationship.proto says the same.
const (
	maxWatched      = 16
	maxResume       = 8
	minBucket       = 10 * time.Second
	maxBucket       = 24 * time.Hour
	maxFalseAlarms  = 1000.0
	maxLeastEvents  = 1_000_000
	maxCrisisMemory = 366 * 24 * time.Hour
)

// crisis checks how surges are noticed, and how the shop speaks again.
func (c *checker) crisis(x *veiviser.Crisis) {
	c.atMost("crisis.complaints", len(x.Complaints), maxWatched, "event types")
	c.words("crisis.complaints", "event type", x.Complaints, c.eventTypes)
	c.atMost("crisis.feedback", len(x.Feedback), maxWatched, "event types")
	c.words("crisis.feedback", "event type", x.Feedback, c.eventTypes)
	if f := x.FalseAlarms; !(f >= 0 && f <= maxFalseAlarms) || math.IsInf(1/f, 0) && f != 0 {
		c.fail("crisis.false_alarms", "must lie above 0 and be at most %v a year, or be left out for %v, is %v", maxFalseAlarms, veiviser.DefaultFalseAlarms, f)
	}
	if b := x.Bucket; b != 0 && (b < minBucket || b > maxBucket) {
		c.fail("crisis.bucket", "must lie between 10s and 1d, is %v", b)
	}
	if m, least := x.Memory, 10*x.WithDefaults().Bucket; m != 0 && (m < least || m > maxCrisisMemory) {
		c.fail("crisis.memory", "must be at least ten buckets (%v) and at most a year, is %v: what is usual could not be told from what is now", least, m)
	}
	if n := x.LeastEvents; n < 0 || n > maxLeastEvents {
		c.fail("crisis.least_events", "must lie in 0–%d, is %d", maxLeastEvents, n)
	}
	c.atMost("crisis.region_attribute", len(x.Region), veiviser.MaxNameBytes, "bytes")
	c.atMost("crisis.resume", len(x.Resume), maxResume, "stages")
	var stages register
	for i := range x.Resume[:min(len(x.Resume), maxLooked)] {
		stages.add(x.Resume[i].ID, i)
		c.resume(fmt.Sprintf("crisis.resume[%d]", i), x.Resume, i, &stages)
	}
}

// resume checks a stage of coming back.
func (c *checker) resume(at string, list []veiviser.ResumeStage, i int, stages *register) {
	r := &list[i]
	c.id(at, r.ID, i, stages.index, "resume stage")
	known := make([]string, 0, len(kinds()))
	for _, k := range kinds() {
		known = append(known, string(k))
	}
	named := make([]string, 0, len(r.Kinds))
	for _, k := range r.Kinds {
		named = append(named, string(k))
	}
	c.words(at+".kinds", "kind", named, known)
	if !(r.Share >= 0 && r.Share <= 1) {
		c.fail(at+".share", "must lie in (0, 1], or be left out for everybody, is %v", r.Share)
	}
	if len(r.Kinds) == 0 && (r.Share == 0 || r.Share == 1) && i < len(list)-1 {
		c.fail(at, "everything comes back to everybody here: only the last stage may do that")
	}
}
