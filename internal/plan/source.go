package plan

import (
	"slices"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// SourceOther is where somebody comes from whose channel the plan does not speak of.
const SourceOther = "other"

// Source is where an event or a request says that somebody comes from, as it is remembered: the class of its referrer, or else its
// channel. Channels are whatever callers say; those the plan does not speak of are one, [SourceOther], lest names that nobody chose
// crowd out those that somebody did.
func (s *Snapshot) Source(referrer, channel string) string {
	said := stage.SourceOf(referrer, channel)
	if said == "" || s.sources[said] {
		return said
	}
	return SourceOther
}

// sources are where people may come from as far as a plan knows, each once: the classes of referrers, the channels it speaks of, and all
// other channels.
func sources(p *veiviser.Plan) []string {
	var channels []string
	for i := range p.Placements {
		channels = append(channels, p.Placements[i].Channel)
	}
	for i := range p.Items {
		for k := range p.Items[i].Representations {
			channels = append(channels, p.Items[i].Representations[k].Channels...)
		}
	}
	for i := range p.Journeys {
		j := &p.Journeys[i]
		for k := range j.StartsOn {
			channels = append(channels, j.StartsOn[k].Channels...)
		}
		for k := range j.Signals {
			channels = append(channels, j.Signals[k].Match.Channels...)
		}
	}
	slices.Sort(channels)
	classes := stage.SourceClasses()
	channels = slices.DeleteFunc(slices.Compact(channels), func(name string) bool {
		return name == "" || name == SourceOther || slices.Contains(classes, name)
	})
	return slices.Concat(classes, channels, []string{SourceOther})
}

// sourceSet are the sources of a plan, and those it says the cost of, for looking up.
func sourceSet(p *veiviser.Plan) map[string]bool {
	set := map[string]bool{}
	for _, s := range sources(p) {
		set[s] = true
	}
	for i := range p.Acquisition.Costs {
		set[p.Acquisition.Costs[i].Source] = true
	}
	return set
}
