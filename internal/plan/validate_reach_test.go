package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// reaching is spoken with a placement that tells only, one for staff, and an item that must reach people.
func reaching() *veiviser.Plan {
	p := spoken()
	p.Placements = append(p.Placements,
		veiviser.Placement{ID: "letter", Channel: "mail", Formats: []string{"card"}, Kinds: []veiviser.ItemKind{veiviser.KindContent}},
		veiviser.Placement{ID: "desk", Channel: "staff", Formats: []string{"card"}, Staff: true},
		veiviser.Placement{ID: "till", Channel: "app", Formats: []string{"card"}, Staff: true})
	recall := p.Items[0]
	recall.ID, recall.Duty = "recall", veiviser.DutyMandatory
	kiosk := p.Items[0]
	kiosk.ID, kiosk.Representations = "kiosk-only", []veiviser.Representation{{Format: "card", Channels: []string{"kiosk"}}}
	p.Items = append(p.Items, recall, kiosk)
	return p
}

// says reports whether one of the violations is at a field and says something.
func says(violations []veiviser.Violation, field, what string) bool {
	return slices.ContainsFunc(violations, func(v veiviser.Violation) bool { return v.Field == field && strings.Contains(v.Message, what) })
}

func TestCapsThatNeverHold(t *testing.T) {
	day := func(x veiviser.Cap) veiviser.Cap {
		x.ID, x.Limit, x.Window = "x", 1, 24*time.Hour
		return x
	}
	offers, content := []veiviser.ItemKind{veiviser.KindOffer}, []veiviser.ItemKind{veiviser.KindContent}
	for _, w := range []struct {
		cap   veiviser.Cap
		field string // "" when the cap may hold
		says  string
	}{
		{veiviser.Cap{}, "", ""},
		{veiviser.Cap{Kinds: offers, Channels: []string{"web", "mail"}}, "", ""},
		{veiviser.Cap{Channels: []string{"app"}, Topics: []string{"bike"}, Items: []string{"guide"}}, "", ""},
		{veiviser.Cap{Channels: []string{"kiosk"}, Placements: []string{"hero"}}, "", ""}, // as a request may say
		{veiviser.Cap{Placements: []string{"hero", "desk"}}, "placements[1]", `"desk" is for staff`},
		{veiviser.Cap{Channels: []string{"web", "staff"}}, "channels[1]", `only placements for staff are in channel "staff"`},
		{veiviser.Cap{Channels: []string{"mail"}, Placements: []string{"hero", "help"}}, "placements", "no placement of these is in channel mail"},
		{veiviser.Cap{Kinds: offers, Placements: []string{"help", "letter"}}, "kinds[0]", `shows anything of kind "offer"`},
		{veiviser.Cap{Items: []string{"guide", "recall"}}, "item_ids[1]", `"recall" is mandatory`},
		{veiviser.Cap{Items: []string{"guide", "fjell-29"}, Kinds: content}, "item_ids[1]", `is of kind "offer", which this cap does not count`},
		{veiviser.Cap{Items: []string{"fjell-29", "guide"}, Topics: []string{"bike/mtb"}}, "item_ids[1]", "none of the topics"},
		{veiviser.Cap{Items: []string{"fjell-29"}, Placements: []string{"letter"}}, "item_ids[0]", `shows anything of kind "offer"`},
	} {
		p := reaching()
		p.Contact.Caps = []veiviser.Cap{day(w.cap)}
		violations := Validate(p)
		if w.field == "" {
			for _, v := range violations {
				t.Errorf("%+v: %v", w.cap, v)
			}
		} else if len(violations) != 1 || !says(violations, "contact.caps[0]."+w.field, w.says) {
			t.Errorf("%s: not %q but %v", w.field, w.says, violations)
		}
	}
}

func TestQuietHoursThatNeverEnd(t *testing.T) {
	hours := func(from, to string, days ...string) veiviser.QuietHours {
		return veiviser.QuietHours{From: from, To: to, Days: days}
	}
	in := func(q veiviser.QuietHours, channel string) veiviser.QuietHours {
		q.Channels = []string{channel}
		return q
	}
	on := func(q veiviser.QuietHours, placement string) veiviser.QuietHours {
		q.Placements = []string{placement}
		return q
	}
	for _, w := range []struct {
		hours []veiviser.QuietHours
		field string // "" when something may be shown sometimes
		says  string
	}{
		{[]veiviser.QuietHours{hours("21:00", "08:00"), hours("08:00", "20:59")}, "", ""},
		{[]veiviser.QuietHours{hours("00:00", "00:00", "sun")}, "", ""}, // all of Sunday
		{[]veiviser.QuietHours{in(hours("21:00", "08:00"), "web"), in(hours("08:00", "21:00"), "app")}, "", ""},
		{[]veiviser.QuietHours{hours("09:00", "09:00")}, "[0]", "shown on hero, help, letter"},
		{[]veiviser.QuietHours{hours("00:00", "00:00", "mon", "tue", "wed", "thu", "fri", "sat", "sun")}, "[0]", "shown on hero, help, letter"},
		{[]veiviser.QuietHours{hours("21:00", "08:00"), on(hours("08:00", "21:00"), "letter")}, "[1]", "shown on letter"},
		{[]veiviser.QuietHours{
			in(hours("12:00", "11:00"), "app"), hours("11:00", "12:00", "mon", "tue", "wed", "thu", "fri", "sat"), hours("11:30", "12:00", "sun"),
			hours("11:00", "11:30", "sun"),
		}, "[3]", "shown on help"},
		{[]veiviser.QuietHours{on(hours("21:00", "08:00"), "desk")}, "[0].placements[0]", `"desk" is for staff`},
		{[]veiviser.QuietHours{in(hours("21:00", "08:00"), "staff")}, "[0].channels[0]", "only placements for staff"},
	} {
		p := reaching()
		p.Contact.QuietHours = nil
		for i, q := range w.hours {
			q.ID = "q" + string(rune('a'+i))
			p.Contact.QuietHours = append(p.Contact.QuietHours, q)
		}
		violations := Validate(p)
		if w.field == "" {
			for _, v := range violations {
				t.Errorf("%+v: %v", w.hours, v)
			}
		} else if len(violations) != 1 || !says(violations, "contact.quiet_hours"+w.field, w.says) {
			t.Errorf("%s: not %q but %v", w.field, w.says, violations)
		}
	}
}
