/* See switch.h. What is pushed, from the new top downward: the return address (the caller's call), rbp, rbx, r12
 * to r15, and 8 bytes with mxcsr and the x87 control word. */
	.text

	.equ	LGI_MXCSR_AT_START, 0x1f80
	.equ	LGI_X87_AT_START, 0x037f

	/* Storing and loading the x87 word takes longer than all the rest. Whoever changes it by fesetround, fesetenv or
	   feenableexcept changes mxcsr too; so it is only dealt with where one of the two mxcsr is not as a program
	   finds it. (Its lowest six bits are flags, which a call need not keep.) This leaves in eax what differs, and
	   the words at `at`. */
	.macro	float_words at
	stmxcsr	\at(%rsp)
	movl	$LGI_X87_AT_START, \at+4(%rsp)
	movl	\at(%rsp), %eax
	andl	$~0x3f, %eax
	xorl	$LGI_MXCSR_AT_START, %eax
	je	5f
	fnstcw	\at+4(%rsp)
5:
	.endm

	.macro	saved_on_stack
	.cfi_def_cfa rsp, 64
	.cfi_offset rip, -8
	.cfi_offset rbp, -16
	.cfi_offset rbx, -24
	.cfi_offset r12, -32
	.cfi_offset r13, -40
	.cfi_offset r14, -48
	.cfi_offset r15, -56
	.endm

	.macro	save
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	float_words 0
	movq	%rsp, (%rdi)
	.endm

	/* From the stack that rsp is on by now; eax as float_words leaves it. */
	.macro	restore
	movl	(%rsp), %ecx
	andl	$~0x3f, %ecx
	xorl	$LGI_MXCSR_AT_START, %ecx
	orl	%ecx, %eax
	je	6f
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
6:	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	.endm

	/* What takes the time of a switch is what the processor predicts wrongly: it expects each `ret` to belong to the
	   last `call`. Between two goroutines that wait, it does: both have called this from the same place in the
	   scheduler, and so on up to the program's own functions. */
	.globl	lgi_switch
	.hidden	lgi_switch
	.type	lgi_switch, @function
	.p2align 4
lgi_switch:
	.cfi_startproc
	endbr64
	save
	movq	%rsi, %rsp
	restore
	ret
	.cfi_endproc
	.size	lgi_switch, .-lgi_switch

	/* To a stack that begins: not by `ret`, so that the call of this is still expected to be returned from when that
	   goroutine has ended (lgi_switch_last), and all is right again. */
	.globl	lgi_switch_first
	.hidden	lgi_switch_first
	.type	lgi_switch_first, @function
	.p2align 4
lgi_switch_first:
	.cfi_startproc
	endbr64
	save
	movq	%rsi, %rsp
	restore
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rcx
	notrack jmp	*%rcx
	.cfi_endproc
	.size	lgi_switch_first, .-lgi_switch_first

	/* From a stack that is not returned to. */
	.globl	lgi_switch_last
	.hidden	lgi_switch_last
	.type	lgi_switch_last, @function
	.p2align 4
lgi_switch_last:
	.cfi_startproc
	endbr64
	float_words -8
	movq	%rdi, %rsp
	saved_on_stack
	restore
	ret
	.cfi_endproc
	.size	lgi_switch_last, .-lgi_switch_last

	/* Comes from lgi_switch_first with the entry in r12 and its argument in r13. The entry is not called: there would
	   be one `ret` too few. */
	.type	lgi_fiber_start, @function
	.p2align 4
lgi_fiber_start:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	movq	%r13, %rdi
	xorl	%ebp, %ebp
	leaq	1f(%rip), %rcx
	pushq	%rcx
	.cfi_adjust_cfa_offset 8
	notrack jmp	*%r12
	.cfi_adjust_cfa_offset -8
1:	ud2
	.cfi_endproc
	.size	lgi_fiber_start, .-lgi_fiber_start

	.globl	lgi_stack_prepare
	.hidden	lgi_stack_prepare
	.type	lgi_stack_prepare, @function
	.p2align 4
lgi_stack_prepare:
	.cfi_startproc
	endbr64
	leaq	-64(%rdi), %rax
	leaq	lgi_fiber_start(%rip), %rcx
	movq	%rcx, 56(%rax)
	movq	$0, 48(%rax)	/* rbp */
	movq	$0, 40(%rax)	/* rbx */
	movq	%rsi, 32(%rax)	/* r12 */
	movq	%rdx, 24(%rax)	/* r13 */
	movq	$0, 16(%rax)
	movq	$0, 8(%rax)
	movl	$LGI_MXCSR_AT_START, (%rax)
	movl	$LGI_X87_AT_START, 4(%rax)
	ret
	.cfi_endproc
	.size	lgi_stack_prepare, .-lgi_stack_prepare

	.globl	lgi_float_at_start
	.hidden	lgi_float_at_start
	.type	lgi_float_at_start, @function
	.p2align 4
lgi_float_at_start:
	.cfi_startproc
	endbr64
	stmxcsr	-8(%rsp)
	movl	-8(%rsp), %eax
	andl	$~0x3f, %eax
	cmpl	$LGI_MXCSR_AT_START, %eax
	jne	1f
	ret
1:	movl	$LGI_MXCSR_AT_START, -8(%rsp)
	movl	$LGI_X87_AT_START, -4(%rsp)
	ldmxcsr	-8(%rsp)
	fldcw	-4(%rsp)
	ret
	.cfi_endproc
	.size	lgi_float_at_start, .-lgi_float_at_start

	/* To an unwinder the caller of this frame is the stack that was left as rdi, not its own caller. */
	.globl	lgi_on_stack_of
	.hidden	lgi_on_stack_of
	.type	lgi_on_stack_of, @function
	.p2align 4
lgi_on_stack_of:
	.cfi_startproc
	endbr64
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	movq	%rdi, %rbx
	movq	%rdx, %rdi
	.cfi_remember_state
	.cfi_def_cfa rbx, 64
	.cfi_offset rbp, -16
	.cfi_offset rbx, -24
	.cfi_offset r12, -32
	.cfi_offset r13, -40
	.cfi_offset r14, -48
	.cfi_offset r15, -56
	call	*%rsi
	.cfi_restore_state
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	lgi_on_stack_of, .-lgi_on_stack_of

	.section .note.GNU-stack, "", @progbits

	/* Ready for IBT, as defer/jump_x86_64.S. */
	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000002, 4, 1, 0
