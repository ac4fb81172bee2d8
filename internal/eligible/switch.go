package eligible

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Region is where somebody is: the attribute of the request's context of that name, or else where her events said that she was
// last, or else her own attribute, without the space around it; "" when none is known.
func Region(name string, c *veiviser.Context, v *veiviser.Visitor) string {
	here := strings.TrimSpace(c.Attributes[name])
	if here != "" || v == nil {
		return here
	}
	return cmp.Or(strings.TrimSpace(v.Region), strings.TrimSpace(v.Attributes[name]))
}

// Concerns reports whether a switch that is on is about a person in a region and in segments. Regions are compared as
// [veiviser.FoldRegion] folds them.
func Concerns(s *veiviser.Switch, region string, segments []string) bool {
	return !s.Over && (s.Region == "" || s.Region == region || strings.EqualFold(s.Region, strings.TrimSpace(region))) &&
		(s.Segment == "" || slices.Contains(segments, s.Segment))
}

// Hearer is who hears what switches leave.
type Hearer struct {
	// ID is the identity under which the person is kept.
	ID string
	// OpenCase is whether something is to be put right for her.
	OpenCase bool
	// Staff is whether an employee who talks with her hears it, and nothing is said to her.
	Staff bool
}

// Silenced are the bars of switches that concern a person, each as far as it has not come back for her. Statements pass the bars
// of all of them, and so does what the shop owes her. A switch without a topic keeps everything else away.
//
// Help goes on. To whom something is to be put right, what is made for people with an open case passes every switch. Where no
// topic is silenced but people, service passes, too, for her and for employees: what they may help with is not what the crisis is
// about.
func Silenced(switches []veiviser.Switch, to Hearer) []veiviser.Bar {
	var bars []veiviser.Bar
	var statements []string
	for i := range switches {
		if id := switches[i].Statement; id != "" && !slices.Contains(statements, id) {
			statements = append(statements, id)
		}
	}
	for i := range switches {
		s := &switches[i]
		kinds, back := kept(s, to.ID)
		if back {
			continue
		}
		b := veiviser.Bar{
			Reason: veiviser.ExcludedSwitch, About: s.ID, Passes: veiviser.DutyTransactional, Kinds: kinds, Except: statements,
			Care: to.OpenCase,
		}
		switch {
		case s.Topic != "":
			b.Topics = []string{s.Topic}
		case to.OpenCase || to.Staff:
			b.Spares = []veiviser.ItemKind{veiviser.KindService}
		}
		bars = append(bars, b)
	}
	return bars
}

// kept are the kinds that a switch still keeps from a person, none for all of them; back is true when it keeps nothing. She is
// in the last stage that has come and that she is among the share of.
func kept(s *veiviser.Switch, visitorID string) (kinds []veiviser.ItemKind, back bool) {
	for i := min(s.Stage, len(s.Resume)) - 1; i >= 0; i-- {
		stage := &s.Resume[i]
		if share := stage.Share; share > 0 && share < 1 && lot(s.ID, visitorID) >= share {
			continue
		}
		if len(stage.Kinds) == 0 {
			return nil, true
		}
		for _, k := range [...]veiviser.ItemKind{veiviser.KindContent, veiviser.KindOffer, veiviser.KindService, veiviser.KindAsk} {
			if !slices.Contains(stage.Kinds, k) {
				kinds = append(kinds, k)
			}
		}
		return kinds, len(kinds) == 0
	}
	return nil, false
}

// lot is where in [0, 1) a person stands in a switch, the same in every stage: who was let in stays in while shares grow.
func lot(switchID, visitorID string) float64 {
	h := fnv.New64a()
	h.Write([]byte("switch\x00" + switchID + "\x00" + visitorID)) // a hash never fails
	sum := h.Sum(nil)
	x := binary.BigEndian.Uint64(sum)
	x ^= x >> 32 // the high bits of FNV hardly depend on the end of short texts
	x *= 0x9e3779b97f4a7c15
	x ^= x >> 29
	return float64(x>>11) / (1 << 53)
}
