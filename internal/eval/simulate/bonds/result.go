package bonds

import (
	"encoding/json"
	"io"
)

// Result is what a simulation found. It depends on the config alone: the same config gives the same bytes.
type Result struct {
	Title  string `json:"title"`
	Source string `json:"source,omitempty"`
	Seed   uint64 `json:"seed"`
	People int    `json:"people"`
	Days   int    `json:"days"`
	// WindowDays is how long after something was put right coming back counts.
	WindowDays float64 `json:"window_days"`
	Truth      Truth   `json:"truth"`
	// Rungs are the loyalty ladder, the lowest first; Places name the columns of ShopResult.Months.
	Rungs  []string     `json:"rungs"`
	Places []string     `json:"places"`
	Effect Effect       `json:"effect"`
	Shops  []ShopResult `json:"shops"`
}

// Effect is what leading back brings: the truth, and what the first shop found.
type Effect struct {
	// All is when everybody is led back, None when nobody is; True is the difference of their rates. Known is false when they were
	// not simulated.
	Known bool      `json:"known"`
	All   Recovered `json:"all"`
	None  Recovered `json:"none"`
	True  float64   `json:"true"`
	// AllCurve and NoneCurve are the shares that had come back by so many days.
	AllCurve  []float64 `json:"all_curve"`
	NoneCurve []float64 `json:"none_curve"`
	// Estimate is the shop's own, with its 95 % interval; Held says whether that holds the truth. Estimated is false when the
	// shop keeps no books.
	Estimated bool    `json:"estimated"`
	Estimate  float64 `json:"estimate"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Held      bool    `json:"held"`
}

// Shown counts what visits were shown.
type Shown struct {
	Visits int `json:"visits"`
	// Silent were shown nothing. VisitsInCase came while something was to be put right, VisitsBeforeRight after the first order
	// and before that was delivered right.
	Silent            int `json:"silent"`
	VisitsInCase      int `json:"visits_in_case"`
	VisitsBeforeRight int `json:"visits_before_right"`
	// Items shown: offers, and those of them that came while something was to be put right or before the first order was delivered
	// right; steps of the recovery, content towards a rung, and human help while something was to be put right.
	Offers            int `json:"offers"`
	OffersInCase      int `json:"offers_in_case"`
	OffersBeforeRight int `json:"offers_before_right"`
	Steps             int `json:"steps"`
	Rungs             int `json:"rungs"`
	HelpInCase        int `json:"help_in_case"`
}

func (s *Shown) add(o *Shown) {
	s.Visits += o.Visits
	s.Silent += o.Silent
	s.VisitsInCase += o.VisitsInCase
	s.VisitsBeforeRight += o.VisitsBeforeRight
	s.Offers += o.Offers
	s.OffersInCase += o.OffersInCase
	s.OffersBeforeRight += o.OffersBeforeRight
	s.Steps += o.Steps
	s.Rungs += o.Rungs
	s.HelpInCase += o.HelpInCase
}

// ShopResult is what came of one shop.
type ShopResult struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Shown Shown  `json:"shown"`
	// Orders and Value are all that was ordered; Recommended counts reviews and shares.
	Orders int     `json:"orders"`
	Value  float64 `json:"value"`
	// FirstOrders is how many people ordered, Handovers how many of their first orders were delivered right.
	FirstOrders int `json:"first_orders"`
	Handovers   int `json:"handovers"`
	// Fates are first orders by how the delivery went: in time, late, wrong or lost.
	Fates []Fate `json:"fates"`
	// Kept is the share of those who ordered that was still there so many days after the first order, every KeptStep days; it is
	// about KeptOf people, whose first order is long enough ago.
	Kept     []float64 `json:"kept"`
	KeptStep int       `json:"kept_step"`
	KeptOf   int       `json:"kept_of"`
	// Troubles is how much went wrong, Silently how many left over it without a word.
	Troubles int `json:"troubles"`
	Silently int `json:"silently"`
	// Led were led back, Compared are the control, Alone is when the shop leads nobody back; only what was put right a window
	// before the end counts. The curves are the shares that had come back by so many days.
	Led           Recovered `json:"led"`
	Compared      Recovered `json:"compared"`
	Alone         Recovered `json:"alone"`
	LedCurve      []float64 `json:"led_curve,omitempty"`
	ComparedCurve []float64 `json:"compared_curve,omitempty"`
	// Months count people at the end of each month by place: see Result.Places.
	Months [][]int `json:"months"`
	// Promoted and Demoted count moves on the ladder by month.
	Promoted []int `json:"promoted"`
	Demoted  []int `json:"demoted"`
	// Tiers are people and what they ordered by class of value, those below all first.
	Tiers []Tier `json:"tiers"`
	// Sources are first-time customers by where they came from.
	Sources []Source `json:"sources"`
	// Books are the shop's own accounts.
	Books *Books `json:"books,omitempty"`
}

// Fate is first orders whose delivery went one way.
type Fate struct {
	Name string `json:"name"`
	// Orders is how many, Handed how many of them were handed over, MedianDays how long that took by the median of these.
	Orders     int     `json:"orders"`
	Handed     int     `json:"handed"`
	MedianDays float64 `json:"median_days"`
	// Curve is the share that had been handed over by so many days.
	Curve []float64 `json:"curve"`
}

// Tier is a class of value.
type Tier struct {
	Tier   string  `json:"tier"`
	People int     `json:"people"`
	Value  float64 `json:"value"`
}

// Source is first-time customers from one source.
type Source struct {
	Source    string  `json:"source"`
	Customers int     `json:"customers"`
	Value     float64 `json:"value"` // by customer, in all
}

// JSON writes the result.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// newResult is a result with nothing in it yet.
func newResult(c *Config) *Result {
	r := &Result{
		Title: c.Title, Source: c.Source, Seed: c.Seed, People: c.People, Days: c.Days, WindowDays: c.Window.Hours() / 24,
		Truth: c.Truth, Rungs: append([]string{}, c.Rungs...), Places: []string{"waiting", "customers"},
	}
	r.Places = append(append(r.Places, c.Rungs...), "left")
	return r
}

// compare fills in the true effect, and the estimate of the first shop beside it.
func (r *Result) compare(c *Config, all, none []*person) {
	e := &r.Effect
	if all != nil && none != nil {
		whole := func(*recovery) bool { return true }
		e.Known = true
		e.All, e.AllCurve = recovered(c, all, whole)
		e.None, e.NoneCurve = recovered(c, none, whole)
		e.True = e.All.Rate() - e.None.Rate()
	}
	if b := r.Shops[0].Books; b != nil {
		e.Estimated = true
		e.Estimate, e.Low, e.High = b.Lift, b.Low, b.High
		e.Held = e.Known && e.Low <= e.True && e.True <= e.High
	}
}
