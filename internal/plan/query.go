package plan

import (
	"math"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Query asks which items may be shown on one placement.
type Query struct {
	// Placement is one of the same snapshot as the catalogue; it fixes formats and kinds.
	Placement *Placement
	// Channel is where the answer will be shown; "" is the placement's.
	Channel string
	// Language is a BCP 47 tag; "" is the plan's default.
	Language string
	// Subject is what she is looking at; "" fits every item.
	Subject string
	// Audience is whom the answer addresses; "" is a customer.
	Audience string
	// Journey is that of the need served; "" is none, and leaves out the items that are for some journeys only.
	Journey string
	// Unsure keeps to the policy's unsure kinds.
	Unsure bool
	// Segments are those she is in.
	Segments []string
	// Candidates, when not empty, are the only items allowed; Excluded are never.
	Candidates, Excluded []string
	// Taken are the slots that other placements of the request show.
	Taken []int32
	// Bars keep items away, Standing says for which of them she is who they are made for.
	Bars     []veiviser.Bar
	Standing Standing
	// Facts are what rules see; its Item is ignored. Nil is no facts.
	Facts *eligible.Facts
	// Now decides the dates.
	Now time.Time
	// Explain keeps the names of the items that are out, which costs a few times as much.
	Explain bool
	// Said, when not nil, is what the learned model said of the candidates, in place of what it says now: for making a decision
	// again.
	Said []veiviser.Scored
	// Visited, with Said, says that exactly these items are looked at for the short list, in that order; without it the list is
	// cut by what the plan says alone.
	Visited bool
}

// byStage is the belief by which the short list is cut: that of the need the rules see; nil when there is none.
func (q *Query) byStage() *[veiviser.NumStandardStages]float64 {
	if q.Facts == nil || q.Facts.Need == nil {
		return nil
	}
	return &q.Facts.Need.ByStandard
}

// Listed is one item of a short list.
type Listed struct {
	Slot int32
	Item *veiviser.Item
	// Representation is the index into the item's representations, and Format its format.
	Representation int
	Format         string
	// Mean and Var are what the scorer says of the item in that format, Learned what was learned in it.
	Mean, Var float64
	Learned   rank.Delta
	// Like is what diversity compares.
	Like rank.Likeness
}

// SD is the standard deviation of the belief.
func (s *Listed) SD() float64 { return math.Sqrt(s.Var) }

// How long a short list is.
const (
	// ListAll is how many eligible items are all listed; only when there are more the list is cut.
	ListAll = 128
	// ListKept is the length of a list that was cut.
	ListKept = 40
	// listLooked is how many of the most promising items are scored before the list is cut.
	listLooked = 64
	// maxItemRules is how many rules that look at the item one list evaluates. Items beyond it count as not listed.
	maxItemRules = 512
)
