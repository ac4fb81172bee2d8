package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// simulated is where the report of a simulation goes.
type simulated struct {
	HTML string `help:"Write a report with pictures into this file." name:"html" type:"path" placeholder:"FILE"`
}

// simulateMark begins the pages that simulate writes, so that it never overwrites any other.
const simulateMark = "<!-- Written by veiviserctl simulate. -->\n"

// mayWrite says before the work begins whether the report can be written where it is wanted.
func (c *simulated) mayWrite() error {
	if c.HTML == "" {
		return nil
	}
	old, err := os.ReadFile(c.HTML)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usage("--html: %w", err)
	case !bytes.HasPrefix(old, []byte(simulateMark)):
		return usage("--html %s is there already and not from simulate; give another name", c.HTML)
	}
	return nil
}

// told is a result that can be told in three ways.
type told interface {
	Text(w io.Writer)
	JSON(w io.Writer) error
	HTML(w io.Writer) error
}

// print writes the report where it is wanted.
func (c *simulated) print(s *session, r told) error {
	if s.JSON {
		if err := r.JSON(s.std.out); err != nil {
			return err
		}
	} else {
		r.Text(s.std.out)
	}
	if c.HTML == "" {
		return nil
	}
	var page bytes.Buffer
	page.WriteString(simulateMark)
	if err := r.HTML(&page); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.HTML), 0o750); err != nil {
		return usageError{err}
	}
	if err := os.WriteFile(c.HTML, page.Bytes(), 0o600); err != nil {
		return usageError{err}
	}
	fmt.Fprintf(s.std.err, "report written to %s\n", c.HTML)
	return nil
}
