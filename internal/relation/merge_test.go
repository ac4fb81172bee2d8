package relation

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestMergeStanding(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(item string, minutes int) veiviser.Contact {
		return veiviser.Contact{ItemID: item, Time: noon.Add(time.Duration(minutes) * time.Minute)}
	}
	told := func(value string, minutes int) veiviser.Fact {
		return veiviser.Fact{Product: "bike", Value: value, Time: noon.Add(time.Duration(minutes) * time.Minute)}
	}
	into := veiviser.Standing{Contacts: []veiviser.Contact{at("a", 0), at("c", 2)}, Facts: []veiviser.Fact{told("NOK 1", 1), told("SEK 1", 2)}}
	from := veiviser.Standing{Contacts: []veiviser.Contact{at("b", 1), at("d", 3)}, Facts: []veiviser.Fact{told("NOK 1", 3), told("NOK 2", 0)}}
	MergeStanding(&into, &from)
	items := ""
	for _, x := range into.Contacts {
		items += x.ItemID
	}
	if items != "abcd" || len(into.Facts) != 3 || into.Facts[2].Time != noon.Add(3*time.Minute) {
		t.Errorf("merged %s %+v", items, into.Facts)
	}
	for range veiviser.MaxContacts {
		from.Contacts = append(from.Contacts, at("z", 9))
	}
	MergeStanding(&into, &from)
	if len(into.Contacts) != veiviser.MaxContacts || into.Contacts[0].ItemID != "z" {
		t.Errorf("%d contacts", len(into.Contacts))
	}
}
