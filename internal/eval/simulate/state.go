package simulate

import "github.com/veiviser/veiviser/internal/veiviser"

// State is where a buyer truly is.
type State int

// The states. Waiting is the time between an order and its delivery; from Left nobody comes back.
const (
	Need State = iota
	Search
	Evaluate
	Purchase
	Waiting
	Use
	Advocate
	Left
)

// NumStates is the number of states.
const NumStates = 8

// deciding is the number of states in which something is decided: all but Left.
const deciding = NumStates - 1

// String is the name of a state.
func (s State) String() string {
	return [NumStates]string{"need", "search", "evaluate", "purchase", "waiting", "use", "advocate", "left"}[s]
}

// Standard is the standard stage of a state: who waits for an order still buys; "" for Left.
func (s State) Standard() veiviser.StandardStage {
	return [NumStates]veiviser.StandardStage{
		veiviser.StageNeed, veiviser.StageSearch, veiviser.StageEvaluate, veiviser.StagePurchase, veiviser.StagePurchase,
		veiviser.StageUse, veiviser.StageAdvocate, "",
	}[s]
}

// ahead reports whether a move is one forward: onwards in the decision, or from having bought to the next need.
func ahead(from, to State) bool {
	return to != Left && (to > from || to == Need && from >= Use)
}

// row is a distribution over states.
type row [NumStates]float64

// course says where one visit may lead from a state when nothing is shown, and how much what helps adds.
type course struct {
	forward, back           State
	pForward, pBack, pLeave float64
	gain                    float64
	// backIsBad: what helps makes the move back rarer.
	backIsBad bool
	// pause is the mean number of days until the next visit.
	pause float64
	// start is the share of newcomers.
	start float64
}

func courses() [deciding]course {
	return [deciding]course{
		Need:     {forward: Search, back: Need, pForward: 0.08, pLeave: 0.10, gain: 0.45, pause: 3, start: 0.45},
		Search:   {forward: Evaluate, back: Need, pForward: 0.09, pBack: 0.06, pLeave: 0.07, gain: 0.42, backIsBad: true, pause: 1.5, start: 0.38},
		Evaluate: {forward: Purchase, back: Search, pForward: 0.06, pBack: 0.10, pLeave: 0.06, gain: 0.34, backIsBad: true, pause: 1.2, start: 0.13},
		Purchase: {forward: Waiting, back: Evaluate, pForward: 0.12, pBack: 0.13, pLeave: 0.06, gain: 0.38, backIsBad: true, pause: 0.7, start: 0.04},
		Waiting:  {forward: Waiting, back: Evaluate, pBack: 0.03, pLeave: 0.02, backIsBad: true, pause: 2},
		Use:      {forward: Advocate, back: Need, pForward: 0.05, pBack: 0.08, pLeave: 0.12, gain: 0.25, pause: 6},
		Advocate: {forward: Need, back: Use, pForward: 0.08, pBack: 0.12, pLeave: 0.06, gain: 0.20, pause: 5},
	}
}

// drifts is what happens between two visits, whatever was shown.
func drifts() [deciding]row {
	return [deciding]row{
		Need:     {Need: 0.92, Search: 0.03, Left: 0.05},
		Search:   {Need: 0.04, Search: 0.92, Left: 0.04},
		Evaluate: {Search: 0.05, Evaluate: 0.91, Left: 0.04},
		Purchase: {Evaluate: 0.08, Purchase: 0.89, Left: 0.03},
		Waiting:  {Waiting: 0.38, Use: 0.60, Left: 0.02},
		Use:      {Need: 0.05, Use: 0.88, Left: 0.07},
		Advocate: {Need: 0.05, Use: 0.10, Advocate: 0.82, Left: 0.03},
	}
}
