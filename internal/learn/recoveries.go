package learn

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// RecoveryDay is what came of the people whose first case was put right on a day. Treated and Control were drawn, with a chance of either,
// so that they can be compared; Undrawn could only be led back, or only not.
type RecoveryDay struct {
	Treated RecoveryCount `json:"t,omitzero"`
	Control RecoveryCount `json:"c,omitzero"`
	Undrawn RecoveryCount `json:"u,omitzero"`
}

// RecoveryCount is how many people of a group had a case put right, how many of them came back, and of these how many by recommending:
// with a share or a review.
type RecoveryCount struct {
	People    int64 `json:"p,omitempty"`
	Recovered int64 `json:"r,omitempty"`
	Advocates int64 `json:"a,omitempty"`
}

func (c *RecoveryCount) add(x RecoveryCount) {
	c.People += x.People
	c.Recovered += x.Recovered
	c.Advocates += x.Advocates
}

// recovery counts what came of somebody whose case was put right at the time of the step.
func (r *Relations) recovery(s *veiviser.Step, n RecoveryCount) {
	on := dayOf(s.At)
	newest := on
	for d := range r.Recoveries {
		newest = max(newest, d)
	}
	for d, c := range r.Recoveries {
		if d > 0 && d < newest-maxCountedDays {
			long := r.recoveryOn(0)
			long.Treated.add(c.Treated)
			long.Control.add(c.Control)
			long.Undrawn.add(c.Undrawn)
			delete(r.Recoveries, d)
		}
	}
	if on < newest-maxCountedDays {
		on = 0
	}
	switch c := r.recoveryOn(on); {
	case !s.Drawn:
		c.Undrawn.add(n)
	case s.Group == veiviser.GroupControl:
		c.Control.add(n)
	default:
		c.Treated.add(n)
	}
}

func (r *Relations) recoveryOn(on int64) *RecoveryDay {
	c := r.Recoveries[on]
	if c == nil {
		c = &RecoveryDay{}
		r.Recoveries[on] = c
	}
	return c
}

// Recovery is what came of the people whose recovery's window was over at a moment, and how many there are whose is not: of them nobody
// can say yet whether they come back. Windows end with the day.
func (r *Relationships) Recovery(now time.Time, window time.Duration) (over RecoveryDay, waiting int64) {
	for on, c := range r.Recoveries {
		if end := time.Unix(0, 0).Add(time.Duration(on+1)*day + window); on > 0 && end.After(now) {
			waiting += c.Treated.People + c.Control.People + c.Undrawn.People
			continue
		}
		over.Treated.add(c.Treated)
		over.Control.add(c.Control)
		over.Undrawn.add(c.Undrawn)
	}
	return over, waiting
}
