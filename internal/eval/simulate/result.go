package simulate

import (
	"encoding/json"
	"io"
	"slices"
)

// Result is what a simulation found. It depends on the config alone: the same config gives the same bytes.
type Result struct {
	Title  string `json:"title"`
	Source string `json:"source,omitempty"`
	Seed   uint64 `json:"seed"`
	Visits int    `json:"visits"`
	// Arms is how many items there are, Bait those that are clicked a lot and help nobody.
	Arms int      `json:"arms"`
	Bait []string `json:"bait"`
	// ValueBest is how many orders delivered right the oracle expects of a new buyer for as long as she stays, ValueUniform
	// what chance gets of her, ValueNothing what comes of her when nothing is ever shown.
	ValueBest    float64 `json:"value_best"`
	ValueUniform float64 `json:"value_uniform"`
	ValueNothing float64 `json:"value_nothing"`
	// Window is over how many visits the conversion rate rolls, Target the rate that is waited for.
	Window int     `json:"window"`
	Target float64 `json:"target"`
	// Points are the numbers of decisions that the curves are given at.
	Points []int `json:"points"`
	// States names the states, in the order of the tables.
	States   []string       `json:"states"`
	Policies []PolicyResult `json:"policies"`
}

// PolicyResult is what came of one policy.
type PolicyResult struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Regret is in orders delivered right: see the package. Relative is its share of the regret of the policy called
	// "uniform", 0 without one; Early and Late are by decision, over the first and the last tenth of them.
	Regret   float64 `json:"regret"`
	Relative float64 `json:"relative"`
	Early    float64 `json:"early"`
	Late     float64 `json:"late"`
	// PerBuyer is the regret by buyer who came. Policies that keep people dithering meet fewer buyers in as many visits; this
	// figure does not flatter them.
	PerBuyer float64 `json:"per_buyer"`
	// Buyers is how many came, UnderWay how many of them had not left by the end, Orders how many they placed, Delivered how
	// many of these were delivered right by the end.
	Buyers    int `json:"buyers"`
	UnderWay  int `json:"under_way"`
	Orders    int `json:"orders"`
	Delivered int `json:"delivered"`
	// Conversion is orders by visit, LateConversion that of the second half.
	Conversion     float64 `json:"conversion"`
	LateConversion float64 `json:"late_conversion"`
	// Until is after how many decisions the rolling conversion rate reached the target first; -1 when it never did.
	Until int `json:"until"`
	// ClickRate is by item shown, Silence the share of visits that were shown nothing.
	ClickRate float64 `json:"click_rate"`
	Silence   float64 `json:"silence"`
	// The curves are at Result.Points: regret and orders delivered right in all, the conversion rate of the last Window visits
	// (null before there were so many).
	RegretCurve     []float64  `json:"regret_curve"`
	RewardCurve     []int      `json:"reward_curve"`
	ConversionCurve []*float64 `json:"conversion_curve"`
	// Stages are, between two points, the shares of visits that ended in each state.
	Stages [][NumStates]float64 `json:"stages"`
	// Moves counts visits by the state before and after.
	Moves [NumStates][NumStates]int `json:"moves"`
	// Items are those that were shown, the most often shown first.
	Items []ItemResult `json:"items"`
}

// ItemResult is what came of one item under one policy.
type ItemResult struct {
	// Item is "" for nothing.
	Item   string `json:"item"`
	Bait   bool   `json:"bait,omitempty"`
	Served int    `json:"served"`
	Clicks int    `json:"clicks"`
	// Forward, Back and Away count the visits after which she was further on, further back, or gone.
	Forward int    `json:"forward"`
	Back    int    `json:"back"`
	Away    int    `json:"away"`
	Moves   []Move `json:"moves"`
}

// Move is how often a visit led from one state to another.
type Move struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int    `json:"count"`
}

// newResult is a result without policies.
func newResult(c *Config) *Result {
	w := c.World
	chance, silence := w.solve(evenly), w.solve(always(Nothing))
	r := &Result{
		Title: c.Title, Source: c.Source, Seed: c.Seed, Visits: c.Visits, Arms: len(w.Arms), Bait: w.Bait(), Window: c.Window,
		ValueBest: w.newcomer(&w.values), ValueUniform: w.newcomer(&chance), ValueNothing: w.newcomer(&silence),
	}
	for i := range points {
		r.Points = append(r.Points, ((i+1)*c.Visits+points-1)/points)
	}
	for s := range State(NumStates) {
		r.States = append(r.States, s.String())
	}
	return r
}

// result is what was counted.
func (t *tally) result(c *Config, p Policy) PolicyResult {
	n := float64(max(t.n, 1))
	tenth := float64(max(t.visits/10, 1))
	r := PolicyResult{
		Name: p.Name(), About: p.About(), Regret: t.regret, Early: t.early / tenth, Late: t.late / tenth, Buyers: t.buyers,
		PerBuyer: t.regret / float64(max(t.buyers, 1)), UnderWay: t.buyers - t.left,
		Orders: t.orders, Delivered: t.reward, Conversion: float64(t.orders) / n, LateConversion: rate(t.ordered[t.n/2:]),
		ClickRate: float64(t.clicks) / float64(max(t.n-t.silent, 1)), Silence: float64(t.silent) / n,
		RegretCurve: t.regrets, RewardCurve: t.rewards, Moves: t.moves, Until: -1,
	}
	for i := range points {
		at := ((i+1)*t.visits + points - 1) / points
		var conversion *float64
		if at >= t.window {
			conversion = new(rate(t.ordered[at-t.window : at]))
		}
		r.ConversionCurve = append(r.ConversionCurve, conversion)
		total := 0
		for _, k := range t.stages[i] {
			total += k
		}
		var shares [NumStates]float64
		for s, k := range t.stages[i] {
			shares[s] = float64(k) / float64(max(total, 1))
		}
		r.Stages = append(r.Stages, shares)
	}
	for a := range t.items {
		if t.items[a].served > 0 {
			r.Items = append(r.Items, t.items[a].result(c.World, a))
		}
	}
	slices.SortStableFunc(r.Items, func(a, b ItemResult) int { return b.Served - a.Served })
	return r
}

func (t *itemTally) result(w *World, arm int) ItemResult {
	r := ItemResult{Served: t.served, Clicks: t.clicks}
	if arm < len(w.Arms) {
		r.Item, r.Bait = w.Arms[arm].ID, w.bait[arm]
	}
	for from := range t.moves {
		for to, n := range t.moves[from] {
			if n == 0 {
				continue
			}
			f, to := State(from), State(to)
			r.Moves = append(r.Moves, Move{f.String(), to.String(), n})
			switch {
			case to == Left:
				r.Away += n
			case ahead(f, to):
				r.Forward += n
			case to < f:
				r.Back += n
			}
		}
	}
	return r
}

// compare works out what takes several policies.
func (r *Result) compare(c *Config) {
	r.Target = c.Target
	uniform := 0.0
	for i := range r.Policies {
		p := &r.Policies[i]
		if c.Target == 0 && (p.Name != "oracle" || len(r.Policies) == 1) {
			r.Target = max(r.Target, 0.8*p.LateConversion)
		}
		if p.Name == "uniform" {
			uniform = p.Regret
		}
	}
	for i := range r.Policies {
		p := &r.Policies[i]
		if uniform > 0 {
			p.Relative = p.Regret / uniform
		}
		for k, conversion := range p.ConversionCurve {
			if conversion != nil && *conversion >= r.Target {
				p.Until = r.Points[k]
				break
			}
		}
	}
}

// rate is the share of true values.
func rate(list []bool) float64 {
	n := 0
	for _, b := range list {
		if b {
			n++
		}
	}
	return float64(n) / float64(max(len(list), 1))
}

// JSON writes the result as indented JSON.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
