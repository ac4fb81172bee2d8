package simulate

import (
	"math"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// effect works out what arm a does to a class in a state; a = len(w.Arms) is nothing.
func (w *World) effect(c *class, s State, a int) effect {
	e := effect{taste: 1}
	if a == len(w.Arms) {
		e.moves[0] = w.move(c, s, 0, 1, 0)
		e.moves[1] = e.moves[0]
		return e
	}
	arm, typ := &w.Arms[a], &w.Types[c.typ]
	e.early = early(arm, s)
	e.taste = taste(arm, c.topic)
	stage, takes := stageFit(arm, s), typ.Takes[s][arm.kind()]
	help := stage * e.taste * takes * w.quality[a]
	annoyance := annoyance(arm, typ, s, e.early)
	e.click = 0.03 + 0.17*e.taste*(0.4+0.6*stage)*(0.5+0.5*takes)
	stall := [2]float64{1, 1}
	if w.bait[a] {
		help, e.click = 0, 0.30+0.15*e.taste
		stall = [2]float64{0.9, 0.3}
	}
	for clicked, weight := range [2]float64{0.75, 1.5} {
		e.moves[clicked] = w.move(c, s, help*weight, stall[clicked], annoyance)
	}
	return e
}

// move is where a visit leads: help is what what is shown adds, stall multiplies the moves forward that come by themselves,
// annoyance adds to the chance that she leaves for good.
func (w *World) move(c *class, s State, help, stall, annoyance float64) (r row) {
	k := &w.courses[s]
	forward := min(k.pForward*w.Types[c.typ].Pace*stall+k.gain*help, 0.75)
	if k.forward == s { // nothing to move on to
		forward = 0
	}
	back := k.pBack
	if k.backIsBad {
		back *= 1 - 0.5*min(help, 1)
	}
	leave := k.pLeave*(1-0.5*min(help, 1)) + annoyance
	if rest := 1 - forward; back+leave > rest {
		back, leave = back*rest/(back+leave), leave*rest/(back+leave)
	}
	r[k.forward] += forward
	r[k.back] += back
	r[Left] += leave
	r[s] += math.Max(0, 1-forward-back-leave)
	return r
}

// stageFit is how well an arm serves a state, whoever is in it.
func stageFit(a *Arm, s State) float64 {
	switch {
	case len(a.Stages) == 0:
		return 0.5
	case s == Waiting:
		// Reassurance until it arrives; what is for owners is only a little early.
		switch {
		case a.Kind == veiviser.KindOffer:
			return 0
		case a.serves(veiviser.StagePurchase):
			return 1
		case a.serves(veiviser.StageUse):
			return 0.5
		}
		return 0.1
	case a.serves(s.Standard()):
		return 1
	default:
		return 0.1
	}
}

// taste is how well an arm's topics fit what a buyer is after.
func taste(a *Arm, topic string) float64 {
	if len(a.Topics) == 0 || topic == "" {
		return 0.6
	}
	fit := 0.08
	for _, t := range a.Topics {
		switch {
		case t == topic:
			return 1
		case veiviser.SubjectMatches(t, topic):
			fit = 0.7
		}
	}
	return fit
}

// early is how many stages before the first that it serves an arm comes; 0 when it is not early.
func early(a *Arm, s State) int {
	if len(a.Stages) == 0 {
		return 0
	}
	first := veiviser.NumStandardStages
	for _, st := range a.Stages {
		first = min(first, st.Index())
	}
	return max(0, first-s.Standard().Index())
}

// annoyance is what a thing shown at the wrong moment adds to the chance that she leaves.
func annoyance(a *Arm, t *Type, s State, early int) float64 {
	offer := a.Kind == veiviser.KindOffer
	switch {
	case s == Waiting && offer:
		return 0.10 // she waits for what she has bought
	case s == Use && offer:
		return 0.04 * (1 - t.Tolerance)
	case offer:
		return 0.07 * float64(early) * (1 - t.Tolerance)
	default:
		return 0.012 * float64(early)
	}
}
