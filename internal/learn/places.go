package learn

import (
	"cmp"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// fewPeople is from how many people on a region or channel is no person's own.
	fewPeople = 3
	// maxPlaces is how many are watched, maxRumours how many others are remembered by how many people were seen there. Those that
	// were seen longest ago make room.
	maxPlaces  = 1000
	maxRumours = 1000
)

// places are the regions and channels that are watched for surges. Both are free text of whoever sends events: one that fewer than
// fewPeople were seen at may be one person's own, such as her address. Of that nothing is kept but hashes, so that it is found nowhere
// when she is erased.
type places struct {
	// Known are those that are watched, "dimension/value", with the Unix time at which they were seen last.
	Known map[string]int64 `json:"known"`
	// Rumours are those of which it is not known yet, the one seen last at the end.
	Rumours []rumour `json:"rumours,omitempty"`
}

// rumour is a place that few people were seen at: a hash of it, and hashes of it with each of them. They are cut short, so that they
// fit many others as well.
type rumour struct {
	Place  uint32   `json:"p"`
	People []uint32 `json:"w"`
}

func newPlaces() *places { return &places{Known: map[string]int64{}} }

// seen notes that somebody was seen at a place, and reports whether it is watched. Who may not be told from others, 0, says nothing
// about how many people are there.
func (p *places) seen(dimension, value string, whose uint64, at time.Time) bool {
	if value == "" {
		return false
	}
	key, now := dimension+"/"+value, at.Unix()
	if last, ok := p.Known[key]; ok {
		p.Known[key] = max(last, now)
		return true
	}
	if whose == 0 || !p.spread(key, whose) {
		return false
	}
	if len(p.Known) >= maxPlaces {
		delete(p.Known, p.oldest())
	}
	p.Known[key] = now
	return true
}

// spread notes somebody at a place that is not watched, and reports whether enough people were seen there by now.
func (p *places) spread(key string, whose uint64) bool {
	place := veiviser.HashID(key)
	person := uint32((place ^ whose) * 0x9e3779b97f4a7c15 >> 32)
	r := rumour{Place: uint32(place >> 32)}
	if i := slices.IndexFunc(p.Rumours, func(x rumour) bool { return x.Place == r.Place }); i >= 0 {
		r = p.Rumours[i]
		p.Rumours = slices.Delete(p.Rumours, i, i+1)
	}
	if !slices.Contains(r.People, person) {
		r.People = append(r.People, person)
	}
	if len(r.People) >= fewPeople {
		return true
	}
	if len(p.Rumours) >= maxRumours {
		p.Rumours = slices.Delete(p.Rumours, 0, 1)
	}
	p.Rumours = append(p.Rumours, r)
	return false
}

// oldest is the place that was seen longest ago.
func (p *places) oldest() string {
	first := ""
	for key, last := range p.Known {
		if first == "" || cmp.Or(cmp.Compare(last, p.Known[first]), cmp.Compare(key, first)) < 0 {
			first = key
		}
	}
	return first
}
