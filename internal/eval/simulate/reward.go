package simulate

import "github.com/veiviser/veiviser/internal/veiviser"

// Reward is what a learner takes for the worth of a decision, from what a shop can see when the visit is over.
type Reward func(v *Visit, o *Outcome) float64

// Clicks is 1 for a click.
func Clicks(_ *Visit, o *Outcome) float64 {
	for i := range o.Events {
		if o.Events[i].Type == "click" {
			return 1
		}
	}
	return 0
}

// Progress is 1 for an order, 1 for having been called helpful, less for having been called irrelevant, too early, or
// dismissed, and how much nearer to an order the visit came after the decision by its deepest deed. Of the rewards tried, the
// learners here lose least with this one.
func Progress(v *Visit, o *Outcome) float64 {
	before, after, sum := 0.0, 0.0, 0.0
	for i := range v.Events {
		before = max(before, depth(&v.Events[i]))
	}
	for i := range o.Events {
		switch e := &o.Events[i]; e.Type {
		case veiviser.EventPurchase, "helpful":
			sum++
		case "not_relevant", "too_early":
			sum -= 0.4
		case "dismiss":
			sum -= 0.2
		default:
			after = max(after, depth(e))
		}
	}
	return sum + max(after-before, 0)
}

// depth is how far a deed is on the way to an order.
func depth(e *veiviser.Event) float64 {
	switch e.Type {
	case "search":
		return 0.05
	case "compare", "save", "question":
		return 0.15
	case "test_ride_booked":
		return 0.25
	case "cart_add":
		return 0.4
	case "checkout":
		return 0.5
	default:
		return 0
	}
}
