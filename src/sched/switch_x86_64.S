/* See switch.h. What is pushed, from the new top downward: the return address (the caller's call), rbp, rbx, r12
 * to r15, and 8 bytes with mxcsr and the x87 control word. */
	.text

	.equ	LGI_MXCSR_AT_START, 0x1f80
	.equ	LGI_X87_AT_START, 0x037f

	.globl	lgi_switch
	.hidden	lgi_switch
	.type	lgi_switch, @function
	.p2align 4
lgi_switch:
	.cfi_startproc
	endbr64
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
	/* Storing and loading the x87 word takes longer than all the rest. Whoever changes it by fesetround,
	   fesetenv or feenableexcept changes mxcsr too; so it is only dealt with where one of the two mxcsr is not
	   as a program finds it. (Its lowest six bits are flags, which a call need not keep.) */
	stmxcsr	(%rsp)
	movl	$LGI_X87_AT_START, 4(%rsp)
	movl	(%rsp), %eax
	andl	$~0x3f, %eax
	xorl	$LGI_MXCSR_AT_START, %eax
	jne	3f
4:	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	movl	(%rsp), %ecx
	andl	$~0x3f, %ecx
	xorl	$LGI_MXCSR_AT_START, %ecx
	orl	%ecx, %eax
	jne	2f
1:	addq	$8, %rsp
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
	/* Not `ret`: its prediction, that the last call is returned from, is always wrong here. */
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rcx
	notrack jmp	*%rcx
	.cfi_restore rip
	.cfi_def_cfa rsp, 64
	.cfi_rel_offset rbp, 48
	.cfi_rel_offset rbx, 40
	.cfi_rel_offset r12, 32
	.cfi_rel_offset r13, 24
	.cfi_rel_offset r14, 16
	.cfi_rel_offset r15, 8
2:	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	jmp	1b
3:	fnstcw	4(%rsp)
	jmp	4b
	.cfi_endproc
	.size	lgi_switch, .-lgi_switch

	/* Comes from lgi_switch with the entry in r12 and its argument in r13. */
	.type	lgi_fiber_start, @function
	.p2align 4
lgi_fiber_start:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	movq	%r13, %rdi
	xorl	%ebp, %ebp
	call	*%r12
	ud2
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

	.section .note.GNU-stack, "", @progbits

	/* Ready for IBT, as defer/jump_x86_64.S. */
	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000002, 4, 1, 0
