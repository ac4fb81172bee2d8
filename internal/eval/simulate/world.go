package simulate

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// World is an audience with its truth. It does not change and is safe for concurrent use.
type World struct {
	// Arms are the items that may be shown, Types who is there. Neither may be changed.
	Arms  []Arm
	Types []Type

	courses  [deciding]course
	drift    [deciding]row
	subjects []string
	// fitting are, by subject, the arms that fit it.
	fitting [][]int
	classes []class
	quality []float64
	bait    []bool
	acts    []act
	values  solution
}

// class is a group of buyers who are all alike in truth: a type after one topic.
type class struct {
	typ   int
	topic string
	share float64
	// subjects is how likely a visit is about each subject of the world.
	subjects []float64
	// effects are by state and arm; the last is that of nothing.
	effects [deciding][]effect
}

// effect is what showing an arm does to a class in a state.
type effect struct {
	click float64
	// moves are where the visit leads, without a click and with one.
	moves [2]row
	// early is how far before its time it came, in stages; taste is how well its topic fits.
	early int
	taste float64
}

// mean is where the visit leads, before it is known whether she clicks.
func (e *effect) mean() (m row) {
	for s := range m {
		m[s] = (1-e.click)*e.moves[0][s] + e.click*e.moves[1][s]
	}
	return m
}

// baitShare is one arm in so many that is bait; human help never is.
const baitShare = 14

// NewWorld is the sample audience for a shop. The seed decides how good each arm is and which are bait.
func NewWorld(shop Shop, seed uint64) *World {
	arms := shop.Arms
	w := &World{
		Arms: arms, Types: fitted(types(), arms), courses: courses(), drift: drifts(), acts: known(acts(), shop.EventTypes),
	}
	r := Stream(seed, forWorld)
	for range arms {
		w.quality = append(w.quality, 0.35+0.85*r.Float64())
	}
	w.bait = make([]bool, len(arms))
	left := len(arms) / baitShare
	for _, i := range r.Perm(len(arms)) {
		if left > 0 && arms[i].Kind != veiviser.KindService {
			w.bait[i] = true
			left--
		}
	}
	w.addSubjects()
	w.addClasses()
	w.values = w.solve(best)
	return w
}

// addSubjects gathers what a visit may be about: the leaves that somebody is after and what lies right above them.
func (w *World) addSubjects() {
	for _, t := range w.Types {
		for _, topic := range t.Topics {
			w.subjects = append(w.subjects, topic)
			if up := veiviser.SubjectAbove(topic); up != "" {
				w.subjects = append(w.subjects, up)
			}
		}
	}
	slices.Sort(w.subjects)
	w.subjects = slices.Compact(w.subjects)
	for _, s := range w.subjects {
		var fitting []int
		for a := range w.Arms {
			if w.Arms[a].fits(s) {
				fitting = append(fitting, a)
			}
		}
		w.fitting = append(w.fitting, fitting)
	}
}

func (w *World) addClasses() {
	total := 0.0
	for _, t := range w.Types {
		total += t.Share
	}
	for i, t := range w.Types {
		for _, topic := range t.Topics {
			c := class{typ: i, topic: topic, share: t.Share / total / float64(len(t.Topics))}
			c.subjects = w.about(topic)
			for s := range State(deciding) {
				for a := range len(w.Arms) + 1 {
					c.effects[s] = append(c.effects[s], w.effect(&c, s, a))
				}
			}
			w.classes = append(w.classes, c)
		}
	}
}

// about is how likely a buyer after a topic visits each subject: mostly hers, sometimes what lies above, seldom another's.
func (w *World) about(topic string) []float64 {
	p := make([]float64, len(w.subjects))
	own, up := slices.Index(w.subjects, topic), slices.Index(w.subjects, veiviser.SubjectAbove(topic))
	for i := range p {
		p[i] = 0.08 / float64(len(p))
	}
	if up >= 0 && up != own {
		p[up] += 0.12
		p[own] += 0.80
	} else {
		p[own] += 0.92
	}
	return p
}

// Bait are the ids of the arms that are clicked a lot and help nobody.
func (w *World) Bait() []string {
	var ids []string
	for i, b := range w.bait {
		if b {
			ids = append(ids, w.Arms[i].ID)
		}
	}
	return ids
}

// Subjects are what visits are about, sorted.
func (w *World) Subjects() []string { return slices.Clone(w.subjects) }

// Arm is the index of an arm by its id, or Nothing.
func (w *World) Arm(id string) int {
	return slices.IndexFunc(w.Arms, func(a Arm) bool { return a.ID == id }) // -1 is Nothing
}
