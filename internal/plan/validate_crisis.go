package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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
	c.watched(x)
	if f := x.FalseAlarms; !(f >= 0 && f <= maxFalseAlarms) || math.IsInf(1/f, 0) && f != 0 {
		c.fail("crisis.false_alarms", "must lie above 0 and be at most %v a year, or be left out for %v, is %v", maxFalseAlarms, veiviser.DefaultFalseAlarms, f)
	}
	if b := x.Bucket; b != 0 && (b < minBucket || b > maxBucket) {
		c.fail("crisis.bucket", "must lie between 10s and 1d, is %v", b)
	}
	if d := x.WithDefaults(); d.Memory < 10*d.Bucket || d.Memory > maxCrisisMemory {
		c.fail("crisis.memory", "must be at least ten buckets (%v) and at most a year, is %v: what is usual could not be told from what is now",
			10*d.Bucket, d.Memory)
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

// watched checks what a surge may be one of.
func (c *checker) watched(x *veiviser.Crisis) {
	d := x.WithDefaults()
	for i, t := range x.Complaints[:min(len(x.Complaints), maxLooked)] {
		if slices.Contains(noTrouble(), t) {
			c.fail(fmt.Sprintf("crisis.complaints[%d]", i), "%q is nothing that people complain by", t)
		}
	}
	for i, t := range x.Feedback[:min(len(x.Feedback), maxLooked)] {
		field := fmt.Sprintf("crisis.feedback[%d]", i)
		switch {
		case slices.Contains(noTrouble(), t):
			c.fail(field, "%q says nothing against what was shown", t)
		case slices.Contains(d.Complaints, t):
			c.fail(field, "%q is watched as a complaint already: one event would raise two alarms", t)
		}
	}
	if len(x.Feedback) == 0 {
		for i, t := range x.Complaints[:min(len(x.Complaints), maxLooked)] {
			if slices.Contains(d.Feedback, t) {
				c.fail(fmt.Sprintf("crisis.complaints[%d]", i), "%q is watched as negative feedback unless feedback says what is: one event would raise "+
					"two alarms", t)
			}
		}
	}
}

// noTrouble are the event types that say of nobody that something is wrong: what goes well, and what the shop does itself.
func noTrouble() []string {
	return []string{
		"purchase", "delivery_confirmed", "complaint_response", "complaint_resolved", "share", "subscribe", "impression", "click", "helpful",
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
	all := func(r *veiviser.ResumeStage) bool { return len(r.Kinds) == 0 && (r.Share == 0 || r.Share == 1) }
	if all(r) && i < len(list)-1 {
		c.fail(at, "everything comes back to everybody here: only the last stage may do that")
	}
	if i > 0 && !all(&list[i-1]) {
		c.grows(at, &list[i-1], r)
	}
}

// grows checks that a stage takes nothing back that the one before has brought, and brings something. One that brings more kinds may
// begin with few people: everybody else stays in the stage before.
func (c *checker) grows(at string, before, r *veiviser.ResumeStage) {
	gone := slices.IndexFunc(before.Kinds, func(k veiviser.ItemKind) bool { return !slices.Contains(r.Kinds, k) })
	share := func(s *veiviser.ResumeStage) float64 { return cmp.Or(s.Share, 1) }
	switch all, allBefore := len(r.Kinds) == 0, len(before.Kinds) == 0; {
	case allBefore && !all:
		c.fail(at+".kinds", "takes back what the stage before has brought, which is everything")
	case !all && gone >= 0:
		c.fail(at+".kinds", "takes back what the stage before has brought: %s", before.Kinds[gone])
	case len(r.Kinds) == len(before.Kinds) && share(r) <= share(before):
		c.fail(at+".share", "brings nothing: the stage before has brought the same to a share of %v, and this one is for %v", share(before), share(r))
	}
}
