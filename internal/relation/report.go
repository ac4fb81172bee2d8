package relation

import (
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// OverdueAlert is the alert that cases wait for an answer beyond the response clock; nil when none does.
func OverdueAlert(r *veiviser.CaseReport, now time.Time) *veiviser.Alert {
	n, since := r.Overdue(now)
	if n == 0 {
		return nil
	}
	return &veiviser.Alert{
		ID: "response-overdue", Kind: veiviser.AlertOverdue, Signal: "complaints", Dimension: "all", Events: n, Since: since,
	}
}

// Overdue reports whether an answer is due and has not come.
func Overdue(c *veiviser.OpenCase, now time.Time) bool { return !c.Answered && now.After(c.Due) }

// Wilson is the 95 % interval of the share k of n (Wilson 1927); 0 to 1 for none.
func Wilson(k, n int64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(middle-half, 0), min(middle+half, 1)
}

// Newcombe is the difference of the shares k1 of n1 and k2 of n2 with its 95 % interval (Newcombe, Interval estimation for the difference
// between independent proportions, 1998, method 10). Without observations on a side there is no difference, and the interval is all
// there is, -1 to 1.
func Newcombe(k1, n1, k2, n2 int64) (difference, low, high float64) {
	if n1 <= 0 || n2 <= 0 {
		return 0, -1, 1
	}
	p1, p2 := float64(k1)/float64(n1), float64(k2)/float64(n2)
	l1, u1 := Wilson(k1, n1)
	l2, u2 := Wilson(k2, n2)
	d := p1 - p2
	return d, d - math.Hypot(p1-l1, u2-p2), d + math.Hypot(u1-p1, p2-l2)
}
