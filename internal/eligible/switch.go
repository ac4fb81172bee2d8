package eligible

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Region is where somebody is: the attribute of the request's context of that name, or else her own; "" when neither is known.
func Region(name string, c *veiviser.Context, v *veiviser.Visitor) string {
	if r := c.Attributes[name]; r != "" || v == nil {
		return r
	}
	return v.Attributes[name]
}

// Concerns reports whether a switch that is on is about a person in a region and in segments.
func Concerns(s *veiviser.Switch, region string, segments []string) bool {
	return !s.Over && (s.Region == "" || s.Region == region) && (s.Segment == "" || slices.Contains(segments, s.Segment))
}

// Silenced are the bars of switches that concern a person, each as far as it has not come back for her. Statements pass the bars
// of all of them, and so does what the shop owes her. A switch without a topic keeps everything else away.
func Silenced(switches []veiviser.Switch, resume []veiviser.ResumeStage, visitorID string) []veiviser.Bar {
	var bars []veiviser.Bar
	var statements []string
	for i := range switches {
		if id := switches[i].Statement; id != "" && !slices.Contains(statements, id) {
			statements = append(statements, id)
		}
	}
	for i := range switches {
		s := &switches[i]
		kinds, back := kept(s, resume, visitorID)
		if back {
			continue
		}
		b := veiviser.Bar{
			Reason: veiviser.ExcludedSwitch, About: s.ID, Passes: veiviser.DutyTransactional, Kinds: kinds, Except: statements,
		}
		if s.Topic != "" {
			b.Topics = []string{s.Topic}
		}
		bars = append(bars, b)
	}
	return bars
}

// kept are the kinds that a switch still keeps from a person, none for all of them; back is true when it keeps nothing. She is
// in the last stage that has come and that she is among the share of.
func kept(s *veiviser.Switch, resume []veiviser.ResumeStage, visitorID string) (kinds []veiviser.ItemKind, back bool) {
	for i := min(s.Stage, len(resume)) - 1; i >= 0; i-- {
		stage := &resume[i]
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
