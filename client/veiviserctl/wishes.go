package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/types/known/timestamppb"
)

type directiveCmd struct {
	Set    directiveSetCmd    `cmd:"" help:"Record a wish; it binds from the next answer on."`
	List   directiveListCmd   `cmd:"" help:"List the wishes that bind now."`
	Remove directiveRemoveCmd `cmd:"" help:"Take a wish back."`
}

type directiveSetCmd struct {
	Visitor string        `arg:"" help:"Any of her ids."`
	Kind    string        `arg:"" help:"mute-topic, mute-item, mute-kind, mute-channel, not-now, just-looking, decided, correct-stage or do-not-profile." enum:"mute-topic,mute-item,mute-kind,mute-channel,not-now,just-looking,decided,correct-stage,do-not-profile"`
	Target  string        `arg:"" optional:"" help:"The topic, item, kind, channel or stage it is about."`
	Subject string        `help:"Only about this subject and what lies below it."`
	Until   string        `help:"When it ends: 2026-12-24, or 2026-12-24T18:00:00+01:00." xor:"end"`
	For     time.Duration `help:"How long it holds: 48h." xor:"end"`
}

// Run records a wish.
func (c *directiveSetCmd) Run(ctx context.Context, s *session) error {
	d := &veiviserv1.Directive{
		Kind:   veiviserv1.DirectiveKind(veiviserv1.DirectiveKind_value[directivePrefix+strings.ToUpper(strings.ReplaceAll(c.Kind, "-", "_"))]),
		Target: c.Target, Subject: c.Subject,
	}
	switch {
	case c.For != 0:
		d.ExpireTime = timestamppb.New(time.Now().Add(c.For))
	case c.Until != "":
		end, err := parseEnd(c.Until)
		if err != nil {
			return err
		}
		d.ExpireTime = timestamppb.New(end)
	}
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.SetDirective(ctx, &veiviserv1.SetDirectiveRequest{VisitorId: c.Visitor, Directive: d})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printDirectives(s.std.out, []*veiviserv1.Directive{out.GetDirective()}, "")
	return nil
}

// parseEnd reads a moment, or a day of this computer's time zone.
func parseEnd(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, usage("--until %s: write it as 2026-12-24 or 2026-12-24T18:00:00+01:00", text)
	}
	return t, nil
}

type directiveListCmd struct {
	Visitor string `arg:"" help:"Any of her ids."`
}

// Run lists wishes.
func (c *directiveListCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.ListDirectives(ctx, &veiviserv1.ListDirectivesRequest{VisitorId: c.Visitor})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	if len(out.GetDirectives()) == 0 {
		fmt.Fprintln(s.std.out, "no wishes")
		return nil
	}
	printDirectives(s.std.out, out.GetDirectives(), "")
	return nil
}

type directiveRemoveCmd struct {
	Visitor   string `arg:"" help:"Any of her ids."`
	Directive string `arg:"" help:"The id of the wish."`
}

// Run takes a wish back.
func (c *directiveRemoveCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.RemoveDirective(ctx, &veiviserv1.RemoveDirectiveRequest{VisitorId: c.Visitor, DirectiveId: c.Directive})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	fmt.Fprintln(s.std.out, "taken back")
	return nil
}

type consentCmd struct {
	Set  consentSetCmd  `cmd:"" help:"Record what a person said to a purpose of the plan."`
	List consentListCmd `cmd:"" help:"List what a person said to the purposes of the plan."`
}

type consentSetCmd struct {
	Visitor string `arg:"" help:"Any of her ids."`
	Purpose string `arg:"" help:"The purpose."`
	Answer  string `arg:"" help:"granted or refused." enum:"granted,refused"`
	Version string `help:"Version of the text she was shown; the plan's when left out."`
	Source  string `help:"Where she said it: cookie banner, phone."`
}

// Run records a consent.
func (c *consentSetCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.SetConsent(ctx, &veiviserv1.SetConsentRequest{VisitorId: c.Visitor, Consent: &veiviserv1.Consent{
		Purpose: c.Purpose, Granted: c.Answer == "granted", Version: c.Version, Source: c.Source,
	}})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	printConsents(s.std.out, []*veiviserv1.Consent{out.GetConsent()}, "")
	return nil
}

type consentListCmd struct {
	Visitor string `arg:"" help:"Any of her ids."`
}

// Run lists consents.
func (c *consentListCmd) Run(ctx context.Context, s *session) error {
	cl, err := s.dial()
	if err != nil {
		return err
	}
	out, err := cl.ListConsents(ctx, &veiviserv1.ListConsentsRequest{VisitorId: c.Visitor})
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(out)
	}
	if len(out.GetConsents()) == 0 {
		fmt.Fprintln(s.std.out, "nothing was said: what the plan takes for granted holds")
		return nil
	}
	printConsents(s.std.out, out.GetConsents(), "")
	return nil
}

const directivePrefix = "DIRECTIVE_KIND_"

func printDirectives(w io.Writer, list []*veiviserv1.Directive, indent string) {
	t := table{rows: [][]string{{"wish", "target", "about", "since", "until", "id"}}}
	for _, d := range list {
		until := "taken back"
		if d.GetExpireTime() != nil {
			until = when(d.GetExpireTime())
		}
		t.add(strings.ReplaceAll(short(d.GetKind().String(), directivePrefix), "_", "-"), orDash(d.GetTarget()), orDash(d.GetSubject()),
			when(d.GetCreateTime()), until, d.GetDirectiveId())
	}
	t.print(w, indent)
}

func printConsents(w io.Writer, list []*veiviserv1.Consent, indent string) {
	t := table{rows: [][]string{{"purpose", "said", "version", "where", "when", "holds"}}}
	for _, c := range list {
		said, holds := "refused", "no"
		if c.GetGranted() {
			said = "granted"
		}
		if c.GetEffective() {
			holds = "yes"
		}
		t.add(c.GetPurpose(), said, orDash(c.GetVersion()), orDash(c.GetSource()), when(c.GetTime()), holds)
	}
	t.print(w, indent)
}

// printStanding shows what stands between a visitor and the shop: what she says, what is to be put right, how far she has come.
func printStanding(w io.Writer, s *veiviserv1.Standing) {
	if s == nil {
		return
	}
	if !s.GetProfiled() {
		fmt.Fprintln(w, "  not profiled: nothing of what she does is remembered")
	}
	if len(s.GetDirectives()) > 0 {
		printDirectives(w, s.GetDirectives(), "  ")
	}
	if len(s.GetConsents()) > 0 {
		printConsents(w, s.GetConsents(), "  ")
	}
	printRelation(w, s)
}
