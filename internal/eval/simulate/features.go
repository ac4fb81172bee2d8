package simulate

import (
	"math"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// features turns a visit into numbers about 1 in size, from nothing but what a shop sees.
type features struct {
	n                         int
	counted, sections, latest []string
	referrers                 []string
	told                      [][2]string
	subjects                  []string
}

func newFeatures(w *World) *features {
	f := &features{
		counted:   []string{"view", "search", "compare", "save", "question", "cart_add", "checkout", "purchase", "delivery_confirmed", "review"},
		sections:  []string{"guides", "care", "shop", "orders"},
		latest:    []string{"view", "search", "compare", "cart_add", "checkout", "purchase", "delivery_confirmed"},
		referrers: []string{"search", "ad", "social", "mail"},
		subjects:  w.subjects,
	}
	for _, t := range w.Types {
		if t.Attribute != "" {
			f.told = append(f.told, [2]string{t.Attribute, t.Value})
		}
	}
	f.n = 4 + 2*len(f.counted) + len(f.sections) + len(f.latest) + len(f.referrers) + len(f.told) + len(f.subjects)
	return f
}

// of are the features of a visit: 1, the channel, how often she came, how long ago, how often she did what (before, and in
// this visit), where she read, what she did last, where she came from, what she told, and the subject.
func (f *features) of(v *Visit) sparse {
	var x sparse
	at := 0
	add := func(value float64) {
		if value != 0 {
			x = append(x, term{at, value})
		}
		at++
	}
	is := func(b bool) {
		if b {
			add(1)
		} else {
			add(0)
		}
	}
	h := v.History
	add(1)
	is(v.Context.Channel == "app")
	add(math.Log1p(float64(v.Number)) / 2)
	if h.LastVisit.IsZero() {
		add(0)
	} else {
		add(math.Log1p(v.Time.Sub(h.LastVisit).Hours()/24) / 3)
	}
	for _, t := range f.counted {
		now := 0
		for i := range v.Events {
			if v.Events[i].Type == t {
				now++
			}
		}
		add(math.Log1p(float64(h.Types[t]-now)) / 2)
		add(math.Log1p(float64(now)))
	}
	for _, s := range f.sections {
		add(math.Log1p(float64(h.Sections[s])) / 2)
	}
	for _, t := range f.latest {
		is(h.LastType == t)
	}
	for _, r := range f.referrers {
		is(v.Context.Referrer == r)
	}
	for _, t := range f.told {
		is(v.Context.Attributes[t[0]] == t[1])
	}
	for _, s := range f.subjects {
		is(s == v.Context.Subject)
	}
	return x
}

// traits is how many things are said of an item: its kind, the stages it is made for, and how its topics fit the subject.
const traits = 3 + veiviser.NumStandardStages + 2

// traits are what an item is to a visit; nothing is nothing.
func (f *features) traits(v *Visit, arm int) (z [traits]float64) {
	if arm == Nothing {
		return z
	}
	a := &v.Arms[arm]
	z[a.kind()] = 1
	for _, s := range a.Stages {
		z[3+s.Index()] = 1
	}
	switch {
	case slices.Contains(a.Topics, v.Context.Subject):
		z[traits-2] = 1
	case slices.ContainsFunc(a.Topics, func(t string) bool { return veiviser.SubjectMatches(t, v.Context.Subject) }):
		z[traits-1] = 1
	}
	return z
}
