package simulate

// points is how many points a curve has.
const points = 100

// tally counts what came of one policy's decisions.
type tally struct {
	visits, window int
	n              int
	regret         float64
	regrets        []float64 // at the points
	early, late    float64   // regret over the first and the last tenth
	rewards        []int
	ordered        []bool // by decision
	orders         int
	reward         int
	clicks, silent int
	buyers, left   int
	stages         [points][NumStates]int
	moves          [NumStates][NumStates]int
	items          []itemTally // by arm, the last is nothing
}

// itemTally counts what came of one item.
type itemTally struct {
	served, clicks int
	moves          [NumStates][NumStates]int
}

func newTally(c *Config) *tally {
	return &tally{
		visits: c.Visits, window: c.Window, ordered: make([]bool, 0, c.Visits), items: make([]itemTally, len(c.World.Arms)+1),
	}
}

// decided counts a decision, once it is known where it led.
func (t *tally) decided(w *World, b *buyer) {
	o := b.open
	arm := o.choice.Arm
	if arm == Nothing {
		arm = len(w.Arms)
		t.silent++
	}
	q := w.values.Q[b.class][b.state]
	regret := best(q, o.visit.Fitting) - q[arm]
	t.regret += regret
	switch tenth := t.visits / 10; {
	case t.n < tenth:
		t.early += regret
	case t.n >= t.visits-tenth:
		t.late += regret
	}
	if b.visits == 0 {
		t.buyers++
	}
	order := b.state == Purchase && o.to == Waiting
	if order {
		t.orders++
	}
	t.ordered = append(t.ordered, order)
	it := &t.items[arm]
	it.served++
	if Clicks(&o.visit, &o.outcome) > 0 {
		it.clicks++
		t.clicks++
	}
	it.moves[b.state][o.to]++
	t.moves[b.state][o.to]++
	t.stages[t.n*points/t.visits][o.to]++
	t.n++
	for len(t.regrets) < points && t.n*points >= t.visits*(len(t.regrets)+1) {
		t.regrets, t.rewards = append(t.regrets, t.regret), append(t.rewards, t.reward)
	}
}

// delivered counts an order that was delivered right.
func (t *tally) delivered(*buyer) { t.reward++ }
